"""The statements of one batch, inside the transaction of `SqliteIndex.write`."""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import json
import sqlite3
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple, replace

from isocenter.adapters.index import columns
from isocenter.adapters.index.documents import pack
from isocenter.adapters.index.sqlite import rows
from isocenter.dicom.person_name import FoldedName
from isocenter.ports.index_rows import Flags, IndexBatch, InstanceRow, SeriesRow, StudyRow

_MARKS = ", ".join("?" * len(rows.INSTANCE_COLUMNS.split(", ")))
_REPLACED = ", ".join(
    f"{name} = excluded.{name}"
    for name in rows.INSTANCE_COLUMNS.split(", ")
    if name not in {"sop", "digest"}
)
PUT_INSTANCE = (
    f"INSERT INTO instances ({rows.INSTANCE_COLUMNS}) VALUES ({_MARKS}) "
    f"ON CONFLICT (sop, digest) DO UPDATE SET {_REPLACED} "
    "WHERE (excluded.version, excluded.node) >= (version, node)"
)
SET_FLAGS = "UPDATE instances SET visible = ?, current = ?, held = ?, deleted = ? WHERE sop = ? AND digest = ?"
PUT_POSITION = (
    "INSERT INTO positions VALUES (?, ?, ?) "
    "ON CONFLICT (node, epoch) DO UPDATE SET sequence = max(sequence, excluded.sequence)"
)
HIDE_STUDY = (
    "visible = 0, patient = '', instances = 0, complete = 0, moment = '', "
    + ", ".join(
        f"{column.name[2:]} = NULL" for tag, column in columns.STUDY.items() if tag != "0020000D"
    )
    + ", patient_name = NULL"
)
HIDE_SERIES = "visible = 0, moment = '', performed_moment = '', " + ", ".join(
    f"{column.name[2:]} = NULL" for tag, column in columns.SERIES.items() if tag != "0020000E"
)


class Places:
    """Row ids of studies and series, made on first sight; emptied whenever they may be wrong."""

    LIMIT = 20_000

    def __init__(self) -> None:
        self._studies: dict[str, int] = {}
        self._series: dict[tuple[str, str], int] = {}

    def clear(self) -> None:
        """Forget all: after a rollback, a purge, or another process's write."""
        self._studies.clear()
        self._series.clear()

    def study(self, connection: sqlite3.Connection, uid: str) -> int:
        """Row id of a study."""
        if uid not in self._studies:
            if len(self._studies) >= self.LIMIT:
                self.clear()
            connection.execute(
                "INSERT INTO studies (uid) VALUES (?) ON CONFLICT DO NOTHING", (uid,)
            )
            found = connection.execute("SELECT id FROM studies WHERE uid = ?", (uid,)).fetchone()
            self._studies[uid] = int(found[0])
        return self._studies[uid]

    def series(self, connection: sqlite3.Connection, study_uid: str, uid: str) -> int:
        """Row id of a series."""
        key = (study_uid, uid)
        if key not in self._series:
            if len(self._series) >= self.LIMIT:
                self.clear()
            study = self.study(connection, study_uid)
            connection.execute(
                "INSERT INTO series (study, uid) VALUES (?, ?) ON CONFLICT DO NOTHING", (study, uid)
            )
            found = connection.execute(
                "SELECT id FROM series WHERE study = ? AND uid = ?", (study, uid)
            )
            self._series[key] = int(found.fetchone()[0])
        return self._series[key]


def apply(connection: sqlite3.Connection, places: Places, batch: IndexBatch) -> None:
    """Run a batch in the order its parts build on each other; positions last.

    A batch of positions alone changes no answer, so it is no news to caches and to pages that wait.
    """
    _put_instances(connection, places, batch.instances)
    _set_flags(connection, batch.flags)
    _put_decisions(connection, batch)
    for series in batch.series:
        _put_series(connection, places, series)
    for study in batch.studies:
        _put_study(connection, places, study)
    for study_uid, series_uid in batch.gone_series:
        _hide_series(connection, study_uid, series_uid)
    for study_uid in batch.gone_studies:
        _hide_study(connection, study_uid)
    if batch.purged:
        _purge(connection, batch.purged)
        places.clear()
    connection.executemany(
        "DELETE FROM claims WHERE subject = ?", [(s,) for s in batch.freed_claims]
    )
    connection.executemany(
        "INSERT INTO dirty VALUES (?, ?) ON CONFLICT (study) DO UPDATE SET since_ms = min(since_ms, excluded.since_ms)",
        batch.dirty_studies,
    )
    connection.executemany(
        PUT_POSITION,
        [(stream.node, stream.epoch, sequence) for stream, sequence in batch.positions.items()],
    )
    if replace(batch, positions={}) != IndexBatch():
        connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'writes'")


def _put_instances(
    connection: sqlite3.Connection, places: Places, instances: Sequence[InstanceRow]
) -> None:
    connection.executemany(
        PUT_INSTANCE,
        [
            rows.instance_params(
                row, places.series(connection, row.study_instance_uid, row.series_instance_uid)
            )
            for row in instances
        ],
    )


def _set_flags(connection: sqlite3.Connection, flags: Sequence[Flags]) -> None:
    connection.executemany(
        SET_FLAGS,
        [
            (
                *(f.current and not f.held and not f.deleted, f.current, f.held, f.deleted),
                *(f.sop_instance_uid, f.digest),
            )
            for f in flags
        ],
    )


def _put_decisions(connection: sqlite3.Connection, batch: IndexBatch) -> None:
    for table, values in (
        ("deletions", batch.deletions),
        ("holds", batch.holds),
        ("quarantines", batch.quarantines),
        ("corrections", batch.corrections),
    ):
        params = [astuple(value) for value in values]
        if params:
            marks = ", ".join("?" * len(params[0]))
            connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", params)


def _update(
    connection: sqlite3.Connection, table: str, key: int, version: int, values: dict[str, object]
) -> bool:
    """Replace a row of the same or an older version; tells whether it was not newer."""
    sql = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ? AND version <= ?"
    return connection.execute(sql, (*values.values(), key, version)).rowcount == 1


def _put_series(connection: sqlite3.Connection, places: Places, row: SeriesRow) -> None:
    key = places.series(connection, row.study_instance_uid, row.series_instance_uid)
    document = json.loads(row.document)
    values: dict[str, object] = {
        **columns.series_values(document),
        "visible": True,
        "version": row.version,
    }
    if _update(connection, "series", key, row.version, values):
        connection.execute(
            "INSERT OR REPLACE INTO series_documents VALUES (?, ?, ?)",
            (key, row.answer, pack(row.document)),
        )
        _put_requests(connection, key, columns.series_requests(document))


def _put_requests(
    connection: sqlite3.Connection, key: int, wanted: AbstractSet[tuple[str, str]]
) -> None:
    found = connection.execute("SELECT tag, id FROM requests WHERE series = ?", (key,))
    standing = set(found.fetchall())
    connection.executemany(
        "DELETE FROM requests WHERE tag = ? AND id = ? AND series = ?",
        [(*row, key) for row in standing - wanted],
    )
    connection.executemany(
        "INSERT INTO requests SELECT ?, ?, id, study FROM series WHERE id = ?",
        [(*row, key) for row in wanted - standing],
    )


def _put_study(connection: sqlite3.Connection, places: Places, row: StudyRow) -> None:
    key = places.study(connection, row.study_instance_uid)
    document = json.loads(row.document)
    taken = columns.study_values(document)
    values: dict[str, object] = {
        **taken,
        **{"visible": True, "version": row.version, "edit_version": row.edit_version},
        **{
            "patient": row.patient,
            "instances": row.instances,
            "last_change_ms": row.last_change_ms,
        },
        **{"revision": row.revision, "complete": row.complete, "provisional": row.provisional},
        "completed_at": json.dumps(row.completed_at) if row.completed_at else "",
    }
    if not _update(connection, "studies", key, row.version, values):
        return
    _put_words(connection, key, row.words)
    connection.execute(
        "INSERT OR REPLACE INTO study_documents VALUES (?, ?, ?)",
        (key, row.answer, pack(row.document)),
    )
    names = columns.study_names(document)
    _put_names(connection, key, names)
    _put_text(connection, key, names, str(taken["study_description"] or ""))
    _put_modalities(connection, key, str(taken["moment"]), columns.study_modalities(document))
    connection.execute("DELETE FROM dirty WHERE study = ?", (row.study_instance_uid,))


def _put_names(connection: sqlite3.Connection, key: int, names: dict[str, FoldedName]) -> None:
    wanted = columns.name_rows(names)
    found = connection.execute("SELECT kind, part FROM names WHERE study = ?", (key,))
    standing = set(found.fetchall())
    connection.executemany(
        "DELETE FROM names WHERE kind = ? AND part = ? AND study = ?",
        [(*row, key) for row in standing - wanted],
    )
    connection.executemany(
        "INSERT INTO names VALUES (?, ?, ?)", [(*row, key) for row in wanted - standing]
    )


def _put_text(
    connection: sqlite3.Connection, key: int, names: dict[str, FoldedName], description: str
) -> None:
    """Keep what is found by any three characters; left alone when nothing changed, as it is dear to write."""
    texts = ["\n".join((*name.groups, *name.parts)) for name in names.values()]
    wanted = (*texts, description)
    standing = connection.execute(
        "SELECT patient_name, referring_physician_name, study_description FROM study_text WHERE rowid = ?",
        (key,),
    ).fetchone()
    if standing == wanted:
        return
    if standing is not None:
        connection.execute("DELETE FROM study_text WHERE rowid = ?", (key,))
    if any(wanted):
        connection.execute(
            "INSERT INTO study_text (rowid, patient_name, referring_physician_name, study_description) "
            "VALUES (?, ?, ?, ?)",
            (key, *wanted),
        )


def _put_words(connection: sqlite3.Connection, key: int, wanted: tuple[str, ...]) -> None:
    """Keep the words as a text beside the table they are found by, which says only whose a word is."""
    found = connection.execute("SELECT words FROM study_words WHERE study = ?", (key,)).fetchone()
    text = " ".join(wanted)
    if (found or ("",))[0] == text:
        return
    standing = set((found or ("",))[0].split())
    connection.executemany(
        "DELETE FROM words WHERE word = ? AND study = ?",
        [(word, key) for word in standing.difference(wanted)],
    )
    connection.executemany(
        "INSERT INTO words VALUES (?, ?)",
        [(word, key) for word in set(wanted) - standing],
    )
    connection.execute("DELETE FROM study_words WHERE study = ?", (key,))
    if wanted:
        connection.execute("INSERT INTO study_words VALUES (?, ?)", (key, text))


def _put_modalities(
    connection: sqlite3.Connection, key: int, moment: str, modalities: Sequence[str]
) -> None:
    wanted = {(modality, moment) for modality in modalities}
    found = connection.execute(
        "SELECT modality, moment FROM study_modalities WHERE study = ?", (key,)
    )
    standing = set(found.fetchall())
    connection.executemany(
        "DELETE FROM study_modalities WHERE modality = ? AND moment = ? AND study = ?",
        [(*row, key) for row in standing - wanted],
    )
    connection.executemany(
        "INSERT INTO study_modalities VALUES (?, ?, ?)", [(*row, key) for row in wanted - standing]
    )


def _hide_series(connection: sqlite3.Connection, study_uid: str, series_uid: str) -> None:
    found = connection.execute(
        "SELECT e.id FROM studies s CROSS JOIN series e ON e.study = s.id WHERE s.uid = ? AND e.uid = ?",
        (study_uid, series_uid),
    ).fetchone()
    if found is not None:
        connection.execute(f"UPDATE series SET {HIDE_SERIES} WHERE id = ?", found)
        connection.execute("DELETE FROM series_documents WHERE series = ?", found)
        _put_requests(connection, int(found[0]), frozenset())


def _hide_study(connection: sqlite3.Connection, study_uid: str) -> None:
    found = connection.execute("SELECT id FROM studies WHERE uid = ?", (study_uid,)).fetchone()
    connection.execute("DELETE FROM dirty WHERE study = ?", (study_uid,))
    if found is None:
        return
    key = int(found[0])
    series = connection.execute("SELECT uid FROM series WHERE study = ? AND visible = 1", (key,))
    for (series_uid,) in series.fetchall():
        _hide_series(connection, study_uid, series_uid)
    connection.execute(f"UPDATE studies SET {HIDE_STUDY} WHERE id = ?", (key,))
    _put_words(connection, key, ())
    connection.execute("DELETE FROM study_documents WHERE study = ?", (key,))
    _put_names(connection, key, {})
    _put_text(connection, key, dict.fromkeys(columns.NAMES, FoldedName((), ())), "")
    _put_modalities(connection, key, "", ())


def _purge(connection: sqlite3.Connection, purged: Sequence[tuple[str, str]]) -> None:
    """Forget rows, and hidden series and studies that have none left."""
    touched: set[tuple[int, int]] = set()
    for sop, digest in purged:
        place = connection.execute(
            "SELECT e.study, e.id FROM instances i CROSS JOIN series e ON e.id = i.series "
            "WHERE i.sop = ? AND i.digest = ?",
            (sop, digest),
        ).fetchone()
        if place is not None:
            touched.add(place)
            connection.execute("DELETE FROM instances WHERE sop = ? AND digest = ?", (sop, digest))
    for _, series in touched:
        connection.execute(
            "DELETE FROM series WHERE id = ? AND visible = 0 "
            "AND NOT EXISTS (SELECT 1 FROM instances WHERE series = ?)",
            (series, series),
        )
    for study in {study for study, _ in touched}:
        connection.execute(
            "DELETE FROM studies WHERE id = ? AND visible = 0 AND NOT EXISTS (SELECT 1 FROM series WHERE study = ?)",
            (study, study),
        )

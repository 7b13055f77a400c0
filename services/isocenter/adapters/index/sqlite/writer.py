"""The writing end, held by the indexer."""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from isocenter.adapters.index.documents import unpack
from isocenter.adapters.index.sqlite import rows
from isocenter.adapters.index.sqlite.connect import open_writer
from isocenter.adapters.index.sqlite.faults import translated
from isocenter.adapters.index.sqlite.pointer import Serving, same_file
from isocenter.adapters.index.sqlite.reads import SqliteReads
from isocenter.adapters.index.sqlite.writes import Places, apply
from isocenter.errors import Unavailable
from isocenter.ports.index_rows import (
    Claim,
    DeletionRow,
    HoldRow,
    IndexBatch,
    InstanceRow,
    InstanceState,
    QuarantineRow,
    SeriesSummary,
    StudyRow,
)

_EACH = "(SELECT value FROM json_each(?))"
_FROM = (
    "FROM instances i CROSS JOIN series e ON e.id = i.series CROSS JOIN studies s ON s.id = e.study"
)


class SqliteIndex(SqliteReads):
    """MetadataIndex on one file; its calls take turns. Raises Unavailable once the file was taken away."""

    def __init__(self, serving: Serving) -> None:
        super().__init__(self._lend)
        self._serving = serving
        self._lock = threading.RLock()
        self._places = Places()
        self._seen = -1
        with translated():
            self._connection = open_writer(serving.path, create=False)

    @property
    def number(self) -> int:
        """Number of the generation."""
        return self._serving.number

    @property
    def serving(self) -> Serving:
        """The generation and its file."""
        return self._serving

    @contextmanager
    def _lend(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        with self._lock:
            yield self._connection, self._serving.number

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated():
            self._check_file()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._places.clear()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._check_file()  # a commit to a file without a name is lost

    def check_writer(self) -> None:
        """The lock on the folder is held until this process ends, so only the file can be lost."""
        self._check_file()

    def _check_file(self) -> None:
        if not same_file(self._serving):
            raise Unavailable("the file of the index was taken away")

    def claim(self, claims: Sequence[Claim]) -> dict[str, str]:
        """Create claims that do not stand; return the standing owner of each subject."""
        subjects = json.dumps([claim.subject for claim in claims])
        with self._lock:
            standing = self._owners(subjects)
            missing = [claim for claim in claims if claim.subject not in standing]
            if not missing:
                return standing
            # Not synced: the next write is, and it syncs everything before it.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._transaction() as connection:
                    connection.executemany(
                        "INSERT INTO claims VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                        [(c.subject, c.owner, c.study_instance_uid) for c in missing],
                    )
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")
            return self._owners(subjects)

    def standing(self, subjects: Iterable[str]) -> dict[str, str]:
        """The owner of each subject that has one."""
        return self._owners(json.dumps(list(subjects)))

    def _owners(self, subjects: str) -> dict[str, str]:
        sql = f"SELECT subject, owner FROM claims WHERE subject IN {_EACH}"
        return dict(self._rows(lambda row: (str(row[0]), str(row[1])), sql, subjects))

    def claims_of(self, study: str) -> list[Claim]:
        """Claims made for a study."""
        sql = "SELECT subject, owner, study FROM claims WHERE study = ? ORDER BY subject"
        return self._rows(lambda row: Claim(*row), sql, study)

    def known(self, sop_instance_uids: Iterable[str]) -> dict[str, list[InstanceState]]:
        """All rows of each SOP Instance UID, hidden ones too; UIDs without a row are left out."""
        sql = f"SELECT {rows.STATE} {_FROM} WHERE i.sop IN {_EACH}"
        found: dict[str, list[InstanceState]] = {}
        for state in self._rows(rows.state_of, sql, json.dumps(list(sop_instance_uids))):
            found.setdefault(state.sop_instance_uid, []).append(state)
        return found

    def row(self, sop: str, digest: str) -> InstanceRow | None:
        """One row, hidden or not."""
        sql = f"SELECT {rows.INSTANCE} {_FROM} WHERE i.sop = ? AND i.digest = ?"
        return self._row(rows.instance_of, sql, sop, digest)

    def deletion(self, deletion_id: str) -> DeletionRow | None:
        """One deletion."""
        sql = f"SELECT {rows.DELETION} FROM deletions WHERE deletion_id = ?"
        return self._row(rows.deletion_of, sql, deletion_id)

    def deletions_of(self, studies: Iterable[str]) -> dict[str, list[DeletionRow]]:
        """Deletions of these studies that are not taken back, oldest first."""
        sql = (
            f"SELECT {rows.DELETION} FROM deletions WHERE study IN {_EACH} AND state <> 'undeleted' "
            "ORDER BY version, deletion_id"
        )
        found: dict[str, list[DeletionRow]] = {}
        for deletion in self._rows(rows.deletion_of, sql, json.dumps(list(studies))):
            found.setdefault(deletion.study_instance_uid, []).append(deletion)
        return found

    def hold(self, hold_id: str) -> HoldRow | None:
        """One hold, in any state."""
        return self._row(rows.hold_of, f"SELECT {rows.HOLD} FROM holds WHERE hold_id = ?", hold_id)

    def quarantine(self, digest: str) -> QuarantineRow | None:
        """One quarantined thing, in any state."""
        sql = f"SELECT {rows.QUARANTINE} FROM quarantines WHERE digest = ?"
        return self._row(rows.quarantine_of, sql, digest)

    def write(self, batch: IndexBatch) -> None:
        """Apply a batch in one transaction, synced on return."""
        with self._transaction() as connection:
            seen = connection.execute("PRAGMA data_version").fetchone()[0]
            if seen != self._seen:  # another process wrote
                self._places.clear()
                self._seen = seen
            apply(connection, self._places, batch)

    def summarise(self, study: str) -> list[SeriesSummary]:
        """Aggregate the visible instances of a study, by series UID."""
        counted = (
            "SELECT e.uid, e.id, count(*), max(i.version), group_concat(DISTINCT i.sop_class) "
            "FROM studies s CROSS JOIN series e ON e.study = s.id "
            "CROSS JOIN instances i ON i.series = e.id WHERE s.uid = ? AND i.visible = 1 GROUP BY e.uid"
        )
        first = (
            "SELECT document, first_version FROM instances WHERE series = ? AND visible = 1 "
            "ORDER BY first_version, sop, digest LIMIT 1"
        )
        with self._reading() as connection:
            return [
                SeriesSummary(
                    *(uid, instances, version),
                    tuple(sorted(sop_classes.split(","))),
                    *_representative(connection.execute(first, (key,)).fetchone()),
                )
                for uid, key, instances, version, sop_classes in connection.execute(
                    counted, (study,)
                ).fetchall()
            ]

    def dirty(self, before_ms: int, limit: int = 100) -> list[str]:
        """Studies marked dirty before that time, longest first."""
        sql = "SELECT study FROM dirty WHERE since_ms < ? ORDER BY since_ms, study LIMIT ?"
        return self._rows(lambda row: str(row[0]), sql, before_ms, limit)

    def unsettled(self, before_ms: int, limit: int = 100) -> list[StudyRow]:
        """Visible studies that are not complete and quiet since before that time, longest first."""
        sql = (
            f"SELECT {rows.STUDY} FROM studies s INDEXED BY studies_unsettled "
            "CROSS JOIN study_documents d ON d.study = s.id "
            "WHERE s.visible = 1 AND s.complete = 0 AND s.last_change_ms < ? ORDER BY s.last_change_ms LIMIT ?"
        )
        return self._rows(rows.study_of, sql, before_ms, limit)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._lock:
            self._connection.close()

    def checkpoint(self) -> None:
        """Move everything into the database file itself, synced."""
        with self._lock, translated():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _representative(row: tuple[bytes, int]) -> tuple[bytes, int]:
    return unpack(row[0]), row[1]

"""Everything that is read, on whatever connection there is: a reader's own, or the writer's."""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from isocenter.adapters.index.sqlite import rows, search
from isocenter.adapters.index.sqlite.connect import OPERATIONS_PER_CHECK
from isocenter.adapters.index.sqlite.faults import translated
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Found, Query
from isocenter.ports.index_rows import (
    CorrectionRow,
    DeletionRow,
    HoldRow,
    InstanceRow,
    InstanceState,
    QuarantineRow,
    StudyRow,
)
from isocenter.ports.journal import Stream

T = TypeVar("T")
Connections = Callable[[], AbstractContextManager[tuple[sqlite3.Connection, int]]]

SEARCH_LIMIT_S = 10.0
GENERATION_SHIFT = 28
_FROM = (
    "FROM studies s CROSS JOIN series e ON e.study = s.id CROSS JOIN instances i ON i.series = e.id"
)


class SqliteReads:
    """The reading half; `connections` lends a connection and the number of the generation it is open on."""

    is_local = True

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with translated(), self._connections() as (connection, _):
            yield connection

    def _rows(self, make: Callable[[rows.Row], T], sql: str, *params: str | int) -> list[T]:
        with self._reading() as connection:
            return [make(row) for row in connection.execute(sql, params)]

    def _row(self, make: Callable[[rows.Row], T], sql: str, *params: str | int) -> T | None:
        found = self._rows(make, sql, *params)
        return found[0] if found else None

    def search(self, query: Query) -> list[Found]:
        """Search; one that reads documents for longer than ten seconds raises LimitExceeded."""
        with self._reading() as connection, _limited(connection):
            return search.search(connection, query)

    def count(self, query: Query, at_most: int = 100_000) -> int:
        """Count matches, at most that many."""
        with self._reading() as connection, _limited(connection):
            return search.count(connection, query, at_most)

    def instances(
        self, study: str, series: str | None = None, sop: str | None = None
    ) -> list[InstanceRow]:
        """Visible instances in order."""
        where, params = "s.uid = ? AND i.visible = 1", [study]
        for column, value in (("e.uid", series), ("i.sop", sop)):
            if value is not None:
                where += f" AND {column} = ?"
                params.append(value)
        order = "e.series_number, e.uid, i.instance_number, i.sop"
        return self._rows(
            rows.instance_of,
            f"SELECT {rows.INSTANCE} {_FROM} WHERE {where} ORDER BY {order}",
            *params,
        )

    def study(self, study: str) -> StudyRow | None:
        """The study's row when it is visible."""
        return self._row(
            rows.study_of,
            f"SELECT {rows.STUDY} FROM studies s CROSS JOIN study_documents d ON d.study = s.id "
            "WHERE s.uid = ? AND s.visible = 1",
            study,
        )

    def states(self, study: str) -> list[InstanceState]:
        """All rows of a study, hidden ones too."""
        return self._rows(
            rows.state_of,
            f"SELECT {rows.STATE} {_FROM} WHERE s.uid = ? ORDER BY e.uid, i.sop, i.digest",
            study,
        )

    def holds(
        self, state: str = "held", study: str | None = None, limit: int = 100, after: str = ""
    ) -> list[HoldRow]:
        """Holds in one state, by hold id."""
        return self._listed(
            rows.hold_of, ("holds", rows.HOLD, "hold_id"), state, study, limit, after
        )

    def quarantines(
        self,
        state: str = "quarantined",
        study: str | None = None,
        limit: int = 100,
        after: str = "",
    ) -> list[QuarantineRow]:
        """Quarantined things in one state, by digest."""
        table = ("quarantines", rows.QUARANTINE, "digest")
        return self._listed(rows.quarantine_of, table, state, study, limit, after)

    def deletions(
        self, state: str = "deleted", limit: int = 100, after: str = ""
    ) -> list[DeletionRow]:
        """Deletions in one state, by id."""
        table = ("deletions", rows.DELETION, "deletion_id")
        return self._listed(rows.deletion_of, table, state, None, limit, after)

    def _listed(  # one page of any of three lists
        self,
        make: Callable[[rows.Row], T],
        table: tuple[str, str, str],
        state: str,
        study: str | None,
        limit: int,
        after: str,
    ) -> list[T]:
        if limit < 0:
            raise InvalidRequest("limit cannot be negative")
        name, columns, key = table
        where, params = f"state = ? AND {key} > ?", [state, after]
        if study is not None:
            where += " AND study = ?"
            params.append(study)
        sql = f"SELECT {columns} FROM {name} WHERE {where} ORDER BY {key} LIMIT ?"
        return self._rows(make, sql, *params, limit)

    def corrections(self, subjects: Sequence[str]) -> list[CorrectionRow]:
        """All corrections of these subjects, by version and id."""
        sql = (
            f"SELECT {rows.CORRECTION} FROM corrections "
            "WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY version, correction_id"
        )
        return self._rows(rows.correction_of, sql, json.dumps(list(subjects)))

    def correction(self, correction_id: str) -> CorrectionRow | None:
        """One correction."""
        sql = f"SELECT {rows.CORRECTION} FROM corrections WHERE correction_id = ?"
        return self._row(rows.correction_of, sql, correction_id)

    def positions(self) -> dict[Stream, int]:
        """Last applied sequence of every journal stream."""
        found = self._rows(tuple, "SELECT node, epoch, sequence FROM positions")
        return {Stream(node, epoch): sequence for node, epoch, sequence in found}

    def totals(self) -> dict[str, int]:
        """What is visible, and what is open."""
        sql = (
            "SELECT name, value FROM counters WHERE name <> 'writes' "
            "UNION ALL SELECT 'holds', count(*) FROM holds WHERE state = 'held' "
            "UNION ALL SELECT 'quarantines', count(*) FROM quarantines WHERE state = 'quarantined' "
            "UNION ALL SELECT 'deletions', count(*) FROM deletions WHERE state = 'deleted'"
        )
        return dict(self._rows(lambda row: (str(row[0]), int(row[1])), sql))

    def generation(self) -> int:
        """Rises with every write, in any process, and with every swap."""
        with translated(), self._connections() as (connection, number):
            writes = connection.execute(
                "SELECT value FROM counters WHERE name = 'writes'"
            ).fetchone()
            return (number << GENERATION_SHIFT) + int(writes[0])


@contextmanager
def _limited(connection: sqlite3.Connection) -> Iterator[None]:
    """Interrupt what takes too long: it holds up a whole worker."""
    end = time.monotonic() + SEARCH_LIMIT_S
    connection.set_progress_handler(lambda: time.monotonic() > end, OPERATIONS_PER_CHECK)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)

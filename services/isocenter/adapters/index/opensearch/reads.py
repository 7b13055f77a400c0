"""Everything that is read, in whatever generation there is: the one that serves, or the writer's."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from isocenter.adapters.index.opensearch import ledger, search
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import STATE, series_id
from isocenter.adapters.index.opensearch.pages import SOURCES_PER_PAGE, all_of, hits
from isocenter.adapters.index.opensearch.rows import (
    NO_NUMBER,
    STATE_MEMBERS,
    instance_of,
    state_of,
    study_of,
)
from isocenter.adapters.index.opensearch.server import Json
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
_VISIBLE: Json = {"term": {"visible": True}}
_BY_UID: list[Json] = [
    {name: "asc"} for name in ("series_instance_uid", "sop_instance_uid", "digest")
]


class OpenSearchReads:
    """The reading half. `_in_generation` runs a read and is what reader and writer differ in."""

    is_local = False

    def _in_generation(self, work: Callable[[Generation], T]) -> T:
        raise NotImplementedError

    def search(self, query: Query) -> list[Found]:
        """Search; one that takes longer than ten seconds raises LimitExceeded."""
        return self._in_generation(lambda generation: search.search(generation, query))

    def count(self, query: Query, at_most: int = 100_000) -> int:
        """Count matches, at most that many; below the study level that costs as much as finding them."""
        return self._in_generation(lambda generation: search.count(generation, query, at_most))

    def instances(
        self, study: str, series: str | None = None, sop: str | None = None
    ) -> list[InstanceRow]:
        """Visible instances in order."""
        filters = [_VISIBLE, {"term": {"study_instance_uid": study}}]
        for name, value in (("series_instance_uid", series), ("sop_instance_uid", sop)):
            if value is not None:
                filters.append({"term": {name: value}})
        return self._in_generation(lambda generation: _instances(generation, filters))

    def study(self, study: str) -> StudyRow | None:
        """The study's row when it is visible, as it is now."""

        def read(generation: Generation) -> StudyRow | None:
            found = generation.server.get(generation.index("studies"), study)
            visible = found is not None and found.source["visible"]
            return study_of(found.source) if found is not None and visible else None

        return self._in_generation(read)

    def states(self, study: str) -> list[InstanceState]:
        """All rows of a study, hidden ones too."""
        filters: list[Json] = [{"term": {"study_instance_uid": study}}]
        return self._in_generation(lambda generation: states_where(generation, filters))

    def holds(
        self, state: str = "held", study: str | None = None, limit: int = 100, after: str = ""
    ) -> list[HoldRow]:
        """Holds in one state, by hold id."""
        page = ledger.Page(ledger.HOLD, state, study, limit, after)
        return self._in_generation(lambda generation: ledger.listed(generation, HoldRow, page))

    def quarantines(
        self,
        state: str = "quarantined",
        study: str | None = None,
        limit: int = 100,
        after: str = "",
    ) -> list[QuarantineRow]:
        """Quarantined things in one state, by digest."""
        page = ledger.Page(ledger.QUARANTINE, state, study, limit, after)
        return self._in_generation(
            lambda generation: ledger.listed(generation, QuarantineRow, page)
        )

    def deletions(
        self, state: str = "deleted", limit: int = 100, after: str = ""
    ) -> list[DeletionRow]:
        """Deletions in one state, by id."""
        page = ledger.Page(ledger.DELETION, state, None, limit, after)
        return self._in_generation(lambda generation: ledger.listed(generation, DeletionRow, page))

    def corrections(self, subjects: Sequence[str]) -> list[CorrectionRow]:
        """All corrections of these subjects, by version and id."""
        filters: list[Json] = [
            {"term": {"kind": ledger.CORRECTION}},
            {"terms": {"study": list(subjects)}},
        ]
        sort: list[Json] = [{"version": "asc"}, {"key": "asc"}]
        found = self._in_generation(lambda generation: ledger.rows_where(generation, filters, sort))
        return [CorrectionRow(**row) for row in found]

    def correction(self, correction_id: str) -> CorrectionRow | None:
        """One correction, as it is now."""
        return self._in_generation(
            lambda generation: ledger.one(
                generation, CorrectionRow, ledger.CORRECTION, correction_id
            )
        )

    def positions(self) -> dict[Stream, int]:
        """Last applied sequence of every journal stream."""
        filters: list[Json] = [{"term": {"kind": ledger.POSITION}}]
        found = self._in_generation(
            lambda generation: ledger.rows_where(generation, filters, [{"key": "asc"}])
        )
        return {Stream(row["node"], row["epoch"]): row["sequence"] for row in found}

    def totals(self) -> dict[str, int]:
        """What is visible, and what is open."""
        return self._in_generation(_totals)

    def generation(self) -> int:
        """Rises with every write once it can be searched, in any process, and with every swap."""

        def read(generation: Generation) -> int:
            found = generation.server.get(generation.index("ledger"), STATE)
            return generation.number(0 if found is None else found.source["writes"])

        return self._in_generation(read)


def _instances(generation: Generation, filters: list[Json]) -> list[InstanceRow]:
    body = {"query": all_of(filters), "sort": _BY_UID, "_source": True}
    index = generation.index("instances")
    found = hits(generation.server, index, body, page=SOURCES_PER_PAGE)
    rows = [instance_of(hit.source) for hit in found]
    if len(rows) < 2:
        return rows
    numbers = _series_numbers(generation, rows)

    def place(row: InstanceRow) -> tuple[int, str, int, str]:
        number = NO_NUMBER if row.instance_number is None else row.instance_number
        series_number = numbers.get(row.series_instance_uid, NO_NUMBER)
        return series_number, row.series_instance_uid, number, row.sop_instance_uid

    return sorted(rows, key=place)


def _series_numbers(generation: Generation, rows: list[InstanceRow]) -> dict[str, int]:
    uids = dict.fromkeys((row.study_instance_uid, row.series_instance_uid) for row in rows)
    found = generation.server.get_all(
        generation.index("series"),
        (series_id(*pair) for pair in uids),
        ("series_instance_uid", "sort.series_number"),
    )
    return {
        one.source["series_instance_uid"]: one.source.get("sort", {}).get(
            "series_number", NO_NUMBER
        )
        for one in found.values()
    }


def states_where(generation: Generation, filters: list[Json]) -> list[InstanceState]:
    """States of all rows that meet the filters, by series UID, SOP Instance UID and digest."""
    body = {"query": all_of(filters), "sort": _BY_UID, "_source": list(STATE_MEMBERS)}
    found = hits(generation.server, generation.index("instances"), body, page=5_000)
    return [state_of(hit.source) for hit in found]


_OPEN = {
    "holds": (ledger.HOLD, "held"),
    "quarantines": (ledger.QUARANTINE, "quarantined"),
    "deletions": (ledger.DELETION, "deleted"),
}
_SHOWN = {"studies": "study", "series": "series", "instances": "instance"}


def _totals(generation: Generation) -> dict[str, int]:
    counted: dict[str, Json] = {
        name: all_of([{"term": {"kind": kind}}, _VISIBLE]) for name, kind in _SHOWN.items()
    } | {
        name: all_of([{"term": {"kind": kind}}, {"term": {"state": state}}])
        for name, (kind, state) in _OPEN.items()
    }
    body = {
        "size": 0,
        "track_total_hits": False,
        "aggs": {"counted": {"filters": {"filters": counted}}},
    }
    buckets = generation.server.search(generation.everything, body)["aggregations"]["counted"]
    return {name: int(bucket["doc_count"]) for name, bucket in buckets["buckets"].items()}

"""The writing end, held by the indexer."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from isocenter.adapters.index.opensearch import ledger, rows
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.keeping import Keeping
from isocenter.adapters.index.opensearch.lease import Lease
from isocenter.adapters.index.opensearch.names import instance_id, ledger_id, writing_alias
from isocenter.adapters.index.opensearch.pages import all_of, hits
from isocenter.adapters.index.opensearch.reads import OpenSearchReads, states_where
from isocenter.adapters.index.opensearch.server import Json, Operation, in_parts
from isocenter.adapters.index.opensearch.summaries import summarise
from isocenter.adapters.index.opensearch.writes import Writing
from isocenter.errors import InvalidRequest, Unavailable
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

TERMS_AT_ONCE = 1_000
T = TypeVar("T")


class OpenSearchIndex(OpenSearchReads):
    """MetadataIndex on one generation; its writes take turns.

    Whatever it wrote is searchable when `write` returns. Raises Unavailable once the generation is dropped, and once
    another process holds the lease; `unsettled` and `dirty`, which the indexer asks for all the time, keep the lease,
    and so does a thread with `keeps`.
    """

    def __init__(self, generation: Generation, lease: Lease, *, keeps: bool = False) -> None:
        self._generation = generation
        self._lease = lease
        self._lock = threading.Lock()
        self._closed = False
        self._keeping = Keeping(lease) if keeps else None

    @property
    def opened(self) -> Generation:
        """The generation it writes."""
        return self._generation

    @property
    def is_lost(self) -> bool:
        """Another process holds the lease."""
        return self._lease.is_lost

    @property
    def fence(self) -> int:
        """The lease's fencing number."""
        return self._lease.fence

    def _in_generation(self, work: Callable[[Generation], T]) -> T:
        if self._closed:
            raise Unavailable("the index is closed")
        return work(self._generation)

    def claim(self, claims: Sequence[Claim]) -> dict[str, str]:
        """Create claims that do not stand; return the standing owner of each subject. Durable on return."""
        with self._lock:
            standing = self.standing(claim.subject for claim in claims)
            missing = {c.subject: c for c in reversed(claims) if c.subject not in standing}
            if not missing:
                return standing
            self._lease.renew()
            alias = writing_alias(self._generation.index("ledger"))
            sources = (ledger.claim_source(claim) for claim in missing.values())
            operations = [Operation("create", alias, *one) for one in sources]
            self._generation.server.bulk(operations, refresh=False)
            return standing | self.standing(missing)

    def check_writer(self) -> None:
        """Look at the lease, and keep it."""
        with self._lock:
            self._in_generation(lambda _: self._lease.check())

    def standing(self, subjects: Iterable[str]) -> dict[str, str]:
        """The owner of each subject that has one, at this moment."""
        ids = [ledger_id(ledger.CLAIM, subject) for subject in subjects]

        def read(generation: Generation) -> dict[str, str]:
            found = generation.server.get_all(generation.index("ledger"), ids)
            claims = [one.source["row"] for one in found.values()]
            return {claim["subject"]: claim["owner"] for claim in claims}

        return self._in_generation(read)

    def claims_of(self, study: str) -> list[Claim]:
        """Claims made for a study, by whomever."""

        def read(generation: Generation) -> list[Claim]:
            generation.server.refresh([generation.index("ledger")])
            found = _rows(generation, ledger.CLAIM, {"term": {"study": study}})
            return sorted((Claim(**row) for row in found), key=lambda claim: claim.subject)

        return self._in_generation(read)

    def known(self, sop_instance_uids: Iterable[str]) -> dict[str, list[InstanceState]]:
        """All rows of each SOP Instance UID, hidden ones too; UIDs without a row are left out."""

        def read(generation: Generation) -> list[InstanceState]:
            return [
                state
                for some in in_parts(list(sop_instance_uids), TERMS_AT_ONCE)
                for state in states_where(generation, [{"terms": {"sop_instance_uid": some}}])
            ]

        found: dict[str, list[InstanceState]] = {}
        for state in self._in_generation(read):
            found.setdefault(state.sop_instance_uid, []).append(state)
        return found

    def row(self, sop: str, digest: str) -> InstanceRow | None:
        """One row, hidden or not."""

        def read(generation: Generation) -> InstanceRow | None:
            found = generation.server.get(generation.index("instances"), instance_id(sop, digest))
            if found is None or found.source["kind"] != "instance":
                return None
            return rows.instance_of(found.source)

        return self._in_generation(read)

    def deletion(self, deletion_id: str) -> DeletionRow | None:
        """One deletion."""
        return self._in_generation(
            lambda generation: ledger.one(generation, DeletionRow, ledger.DELETION, deletion_id)
        )

    def deletions_of(self, studies: Iterable[str]) -> dict[str, list[DeletionRow]]:
        """Deletions of these studies that are not taken back, oldest first."""

        def read(generation: Generation) -> list[DeletionRow]:
            return [
                DeletionRow(**row)
                for some in in_parts(list(studies), TERMS_AT_ONCE)
                for row in _rows(generation, ledger.DELETION, {"terms": {"study": some}})
                if row["state"] != "undeleted"
            ]

        found: dict[str, list[DeletionRow]] = {}
        for one in sorted(self._in_generation(read), key=lambda d: (d.version, d.deletion_id)):
            found.setdefault(one.study_instance_uid, []).append(one)
        return found

    def hold(self, hold_id: str) -> HoldRow | None:
        """One hold, in any state."""
        return self._in_generation(
            lambda generation: ledger.one(generation, HoldRow, ledger.HOLD, hold_id)
        )

    def quarantine(self, digest: str) -> QuarantineRow | None:
        """One quarantined thing, in any state."""
        return self._in_generation(
            lambda generation: ledger.one(generation, QuarantineRow, ledger.QUARANTINE, digest)
        )

    def write(self, batch: IndexBatch) -> None:
        """Apply a batch in a few requests, each durable before the next; positions with the last."""
        with self._lock:
            self._in_generation(lambda _: self._lease.renew())
            Writing(self._generation, self._lease).apply(batch)

    def summarise(self, study: str) -> list[SeriesSummary]:
        """Aggregate the visible instances of a study, by series UID."""
        return self._in_generation(lambda generation: summarise(generation, study))

    def dirty(self, before_ms: int, limit: int = 100) -> list[str]:
        """Studies marked dirty before that time, longest first."""
        self._keep_lease()
        filters: list[Json] = [
            {"term": {"kind": ledger.DIRTY}},
            {"range": {"since_ms": {"lt": before_ms}}},
        ]
        sort = [{"since_ms": "asc"}, {"key": "asc"}]
        body = {"query": all_of(filters), "sort": sort}
        return self._in_generation(
            lambda generation: [
                str(hit.sort[1])
                for hit in hits(
                    generation.server, generation.index("ledger"), body, most=_positive(limit)
                )
            ]
        )

    def unsettled(self, before_ms: int, limit: int = 100) -> list[StudyRow]:
        """Visible studies that are not complete and quiet since before that time, longest first."""
        self._keep_lease()
        filters: list[Json] = [
            {"term": {"visible": True}},
            {"term": {"complete": False}},
            {"range": {"last_change_ms": {"lt": before_ms}}},
        ]
        sort = [{"last_change_ms": "asc"}, {"study_instance_uid": "asc"}]
        body = {"query": all_of(filters), "sort": sort, "_source": True}
        return self._in_generation(
            lambda generation: [
                rows.study_of(hit.source)
                for hit in hits(
                    generation.server,
                    generation.index("studies"),
                    body,
                    most=_positive(limit),
                    page=1_000,
                )
            ]
        )

    def _keep_lease(self) -> None:
        with self._lock:
            self._in_generation(lambda _: self._lease.renew())

    def close(self) -> None:
        """Give the lease back; safe to call twice."""
        if self._keeping is not None:
            self._keeping.stop()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._lease.release()
            except Unavailable:
                return  # it lapses


def _rows(generation: Generation, kind: str, clause: Json) -> list[Any]:
    filters: list[Json] = [{"term": {"kind": kind}}, clause]
    return ledger.rows_where(generation, filters, [{"key": "asc"}])


def _positive(limit: int) -> int:
    if limit < 0:
        raise InvalidRequest("limit cannot be negative")
    return limit

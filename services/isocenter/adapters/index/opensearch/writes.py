"""One batch in the server's words, in the order in which a crash between two requests does no harm.

There are no transactions. What a repeated step would not say again because the instances already show it comes
before the instances: marks for recomputing, decisions, documents of series and studies. Positions come last, and
with them what must not be repeated.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from isocenter.adapters.index.opensearch import ledger, rows
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.lease import Lease
from isocenter.adapters.index.opensearch.names import (
    Kind,
    instance_id,
    ledger_id,
    series_id,
    writing_alias,
)
from isocenter.adapters.index.opensearch.pages import all_of, hits
from isocenter.adapters.index.opensearch.server import Json, Operation, Stored
from isocenter.ports.index_rows import (
    CorrectionRow,
    DeletionRow,
    HoldRow,
    IndexBatch,
    InstanceRow,
    QuarantineRow,
    SeriesRow,
    StudyRow,
)

R = TypeVar("R", SeriesRow, StudyRow)
_CONFLICT = 409
_DOCUMENTS: tuple[Kind, ...] = ("studies", "series", "ledger")


class Writing:
    """The writes of one batch to one generation."""

    def __init__(self, generation: Generation, lease: Lease) -> None:
        self._generation = generation
        self._server = generation.server
        self._lease = lease

    def apply(self, batch: IndexBatch) -> None:
        """Write it all; searchable and durable on return."""
        instances = self._instances(batch)
        is_gone = bool(batch.gone_series or batch.gone_studies)
        cleared = self._documents(batch, refresh=is_gone or not instances)
        if is_gone:
            self._hide(batch)
        self._server.bulk(instances)
        if instances and not is_gone:  # who finds a study finds what is in it
            self._server.refresh(self._generation.index(kind) for kind in _DOCUMENTS)
        self._last(batch, cleared)

    def _documents(self, batch: IndexBatch, *, refresh: bool) -> set[str]:
        """Everything but instances; the studies whose rows were written, and so are not dirty any more."""
        studies = list(_newest(batch.studies, lambda row: row.study_instance_uid))
        operations = [
            *self._dirty(batch.dirty_studies),
            *(self._decision(row) for row in batch.deletions),
            *(self._decision(row) for row in batch.holds),
            *map(self._correction, batch.corrections),
            *(self._delete(ledger_id(ledger.CLAIM, subject)) for subject in batch.freed_claims),
            *map(self._series, _newest(batch.series, _key_of_series)),
            *map(self._study, studies),
        ]
        written = self._server.bulk(operations, refresh=refresh)[len(operations) - len(studies) :]
        return {
            row.study_instance_uid
            for row, one in zip(studies, written, strict=True)
            if one.status != _CONFLICT
        }

    def _last(self, batch: IndexBatch, cleared: set[str]) -> None:
        """Positions and what goes with them; the write is counted once all of it can be searched."""
        marked = {study for study, _ in batch.dirty_studies}
        clean = (cleared - marked) | (set(batch.gone_studies) - marked)
        operations = [
            *map(self._decision, batch.quarantines),
            *(self._delete(ledger_id(ledger.DIRTY, study)) for study in sorted(clean)),
            *(
                Operation(
                    "index",
                    self._alias("ledger"),
                    ledger_id(ledger.POSITION, f"{node}:{epoch}"),
                    {
                        "kind": ledger.POSITION,
                        "key": f"{node}:{epoch}",
                        "row": {"node": node, "epoch": epoch, "sequence": sequence},
                    },
                    version=sequence,
                )
                for (node, epoch), sequence in batch.positions.items()
            ),
        ]
        if replace(batch, positions={}) == IndexBatch():
            self._server.bulk(operations)
            return
        if batch.quarantines:  # the count must not be seen before them
            self._server.bulk(operations)
            operations = []
        counting = self._lease.note_write()
        written = self._server.bulk([*operations, counting])
        self._lease.settle(counting, written[-1])

    def _dirty(self, marks: Iterable[tuple[str, int]]) -> Iterable[Operation]:
        """Mark studies; of several marks the earliest stands."""
        since: dict[str, int] = {}
        for study, since_ms in marks:
            since[study] = min(since_ms, since.get(study, since_ms))
        ids = {ledger_id(ledger.DIRTY, study): study for study in since}
        standing = self._server.get_all(self._generation.index("ledger"), ids)
        for key, study in ids.items():
            if key not in standing or standing[key].source["since_ms"] > since[study]:
                source = {"kind": ledger.DIRTY, "key": study, "since_ms": since[study]}
                yield Operation("index", self._alias("ledger"), key, source)

    def _decision(self, row: DeletionRow | HoldRow | QuarantineRow) -> Operation:
        return Operation("index", self._alias("ledger"), *ledger.decision_source(row))

    def _correction(self, row: CorrectionRow) -> Operation:
        return Operation("index", self._alias("ledger"), *ledger.correction_source(row))

    def _series(self, row: SeriesRow) -> Operation:
        key = series_id(row.study_instance_uid, row.series_instance_uid)
        source = rows.series_source(row)
        return Operation("index", self._alias("series"), key, source, version=row.version)

    def _study(self, row: StudyRow) -> Operation:
        source = rows.study_source(row)
        key = row.study_instance_uid
        return Operation("index", self._alias("studies"), key, source, version=row.version)

    def _delete(self, key: str) -> Operation:
        return Operation("delete", self._alias("ledger"), key)

    def _hide(self, batch: IndexBatch) -> None:
        """Leave of what is gone a document that keeps its version: a deletion would be forgotten after an hour."""
        gone = {series_id(*pair): rows.hidden_series(*pair) for pair in batch.gone_series}
        gone |= self._series_of(batch.gone_studies)
        studies = {study: rows.hidden_study(study) for study in batch.gone_studies}
        self._server.bulk([*self._replaced("series", gone), *self._replaced("studies", studies)])

    def _series_of(self, studies: Sequence[str]) -> dict[str, Json]:
        if not studies:
            return {}
        index = self._generation.index("series")
        filters: list[Json] = [
            {"term": {"visible": True}},
            {"terms": {"study_instance_uid": list(studies)}},
        ]
        sort = [{"study_instance_uid": "asc"}, {"series_instance_uid": "asc"}]
        body = {"query": all_of(filters), "sort": sort}
        return {hit.id: rows.hidden_series(*hit.sort) for hit in hits(self._server, index, body)}

    def _replaced(self, kind: Kind, sources: dict[str, Json]) -> Iterable[Operation]:
        standing = self._server.get_all(self._generation.index(kind), sources, ("kind",))
        for key, one in standing.items():
            source = sources[key]
            yield Operation("index", self._alias(kind), key, source, version=one.version)

    def _instances(self, batch: IndexBatch) -> list[Operation]:
        """New rows, then flags, then what is purged; each on what the one before left."""
        made: dict[str, InstanceRow] = {}
        versions = self._versions(batch.instances)
        for row in batch.instances:
            key = instance_id(row.sop_instance_uid, row.digest)
            if (row.version, row.node) >= versions.get(key, (-1, "")):
                made[key], versions[key] = row, (row.version, row.node)
        made |= self._flagged(batch, made)
        operations = {key: self._instance(key, row) for key, row in made.items()}
        purged = {instance_id(*one): rows.purged_instance() for one in batch.purged}
        for key in purged:
            operations.pop(key, None)
        return [*operations.values(), *self._replaced("instances", purged)]

    def _instance(self, key: str, row: InstanceRow) -> Operation:
        source = rows.instance_source(row)
        return Operation("index", self._alias("instances"), key, source, version=row.version)

    def _versions(self, instances: Sequence[InstanceRow]) -> dict[str, tuple[int, str]]:
        ids = dict.fromkeys(instance_id(row.sop_instance_uid, row.digest) for row in instances)
        standing = self._server.get_all(self._generation.index("instances"), ids, ("node",))
        return {key: (one.version, one.source.get("node", "")) for key, one in standing.items()}

    def _flagged(self, batch: IndexBatch, made: dict[str, InstanceRow]) -> dict[str, InstanceRow]:
        flags = {instance_id(one.sop_instance_uid, one.digest): one for one in batch.flags}
        rest = [key for key in flags if key not in made]
        standing = self._server.get_all(self._generation.index("instances"), rest)
        changed: dict[str, InstanceRow] = {}
        for key, one in flags.items():
            row = made.get(key) or _row(standing.get(key))
            if row is not None:
                changed[key] = replace(row, current=one.current, held=one.held, deleted=one.deleted)
        return changed

    def _alias(self, kind: Kind) -> str:
        return writing_alias(self._generation.index(kind))


def _key_of_series(row: SeriesRow) -> tuple[str, str]:
    return row.study_instance_uid, row.series_instance_uid


def _newest(given: Sequence[R], key: Callable[[R], Hashable]) -> Iterable[R]:
    """One row per key, the newest; of equal ones the last."""
    newest: dict[Hashable, R] = {}
    for row in given:
        standing = newest.get(key(row))
        if standing is None or standing.version <= row.version:
            newest[key(row)] = row
    return newest.values()


def _row(stored: Stored | None) -> InstanceRow | None:
    if stored is None or stored.source["kind"] != "instance":
        return None
    return rows.instance_of(stored.source)

"""What is not found by its attributes: claims, decisions, dirty studies, positions, the writer's state."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import ledger_id
from isocenter.adapters.index.opensearch.pages import PAGE, all_of, hits
from isocenter.adapters.index.opensearch.server import Json
from isocenter.errors import InvalidRequest
from isocenter.ports.index_rows import Claim, CorrectionRow, DeletionRow, HoldRow, QuarantineRow

T = TypeVar("T", CorrectionRow, DeletionRow, HoldRow, QuarantineRow)
HOLD, DELETION, QUARANTINE, CLAIM, DIRTY, POSITION, CORRECTION = (
    "hold",
    "deletion",
    "quarantine",
    "claim",
    "dirty",
    "position",
    "correction",
)


def decision_source(row: DeletionRow | HoldRow | QuarantineRow) -> tuple[str, Json]:
    """Id and document of a decision."""
    kind, key = _kind_and_key(row)
    return ledger_id(kind, key), {
        "kind": kind,
        "key": key,
        "state": row.state,
        "study": row.study_instance_uid,
        "version": row.handled_version if isinstance(row, HoldRow) else row.version,
        "row": {name: getattr(row, name) for name in row.__slots__},
    }


def _kind_and_key(row: DeletionRow | HoldRow | QuarantineRow) -> tuple[str, str]:
    match row:
        case HoldRow():
            return HOLD, row.hold_id
        case DeletionRow():
            return DELETION, row.deletion_id
        case QuarantineRow():
            return QUARANTINE, row.digest


def correction_source(row: CorrectionRow) -> tuple[str, Json]:
    """Id and document of a correction; found by its subject."""
    return ledger_id(CORRECTION, row.correction_id), {
        "kind": CORRECTION,
        "key": row.correction_id,
        "study": row.subject,
        "version": row.version,
        "row": {name: getattr(row, name) for name in row.__slots__},
    }


def claim_source(claim: Claim) -> tuple[str, Json]:
    """Id and document of a claim."""
    name = ledger_id(CLAIM, claim.subject)
    return name, {
        "kind": CLAIM,
        "key": name,
        "study": claim.study_instance_uid,
        "row": {name: getattr(claim, name) for name in claim.__slots__},
    }


class Page(NamedTuple):
    """What part of a list is asked for."""

    kind: str
    state: str
    study: str | None
    limit: int
    after: str


def listed(generation: Generation, make: Callable[..., T], page: Page) -> list[T]:
    """One page of decisions in one state, by their key."""
    kind, state, study, limit, after = page
    if limit < 0:
        raise InvalidRequest("limit cannot be negative")
    filters: list[Json] = [
        {"term": {"kind": kind}},
        {"term": {"state": state}},
        {"range": {"key": {"gt": after}}},
    ]
    if study is not None:
        filters.append({"term": {"study": study}})
    body = {"query": all_of(filters), "sort": [{"key": "asc"}], "_source": ["row"]}
    index = generation.index("ledger")
    found = hits(generation.server, index, body, most=limit)
    return [make(**hit.source["row"]) for hit in found]


def one(generation: Generation, make: Callable[..., T], kind: str, key: str) -> T | None:
    """One decision, as it is now."""
    found = generation.server.get(generation.index("ledger"), ledger_id(kind, key))
    return None if found is None else make(**found.source["row"])


def rows_where(generation: Generation, filters: list[Json], sort: list[Json]) -> list[Any]:
    """Rows of all documents that meet the filters, in order; the last key of `sort` tells all apart."""
    body = {"query": all_of(filters), "sort": sort, "_source": ["row"]}
    found = hits(generation.server, generation.index("ledger"), body, page=PAGE // 10)
    return [hit.source["row"] for hit in found]

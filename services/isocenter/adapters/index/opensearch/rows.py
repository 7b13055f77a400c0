"""Rows as documents of the server, and back. What is only kept and never asked for is not indexed."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, TypeVar

from isocenter.adapters.index import columns
from isocenter.adapters.index.documents import pack, unpack
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.opensearch.tokens import FIELD, tokens_of, word_term
from isocenter.ports.index_rows import InstanceRow, InstanceState, SeriesRow, StudyRow
from isocenter.ports.journal import Position

NO_NUMBER = -(1 << 63)  # sorts before all others
MAX_SORTED_LENGTH = 1_000
ANSWER, DOCUMENT = "answer", "document"  # members with content, packed
STATE_MEMBERS = tuple(InstanceState.__dataclass_fields__)
STUDY_MEMBERS = tuple(StudyRow.__dataclass_fields__)
INSTANCE_MEMBERS = tuple(InstanceRow.__dataclass_fields__)

T = TypeVar("T")


def text_of(content: bytes) -> str:
    """Pack bytes into JSON."""
    return b64encode(pack(content)).decode()


def bytes_of(source: Mapping[str, Any], member: str) -> bytes:
    """Give back what was packed; empty when the member is not there."""
    packed = source.get(member)
    return unpack(b64decode(packed)) if packed else b""


def _members(row: InstanceRow | StudyRow | SeriesRow) -> Json:
    return {name: getattr(row, name) for name in row.__slots__}


def instance_source(row: InstanceRow) -> Json:
    """Document of an instance."""
    return {
        **_members(row),
        "kind": "instance",
        "visible": row.current and not row.held and not row.deleted,
        "pixel_data": b64encode(row.pixel_data).decode(),
        DOCUMENT: text_of(row.document),
        "sort": {
            "sop_class": row.sop_class_uid,
            "instance_number": NO_NUMBER if row.instance_number is None else row.instance_number,
        },
        FIELD: tokens_of(json.loads(row.document)),
    }


def instance_of(source: Json) -> InstanceRow:
    """An instance's row."""
    fields = {name: source[name] for name in INSTANCE_MEMBERS}
    fields["pixel_data"] = b64decode(fields["pixel_data"])
    fields[DOCUMENT] = bytes_of(source, DOCUMENT)
    return InstanceRow(**fields | _tuples(fields, "findings", "receipts"))


def state_of(source: Json) -> InstanceState:
    """The part of an instance's row that decisions are made of."""
    fields = {name: source[name] for name in STATE_MEMBERS}
    return InstanceState(**fields | _tuples(fields, "receipts"))


def _tuples(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: tuple(map(tuple, fields[name])) for name in names}


def study_source(row: StudyRow) -> Json:
    """Document of a study."""
    document = json.loads(row.document)
    return {
        **_members(row),
        "kind": "study",
        "visible": True,
        "completed_at": None if row.completed_at is None else list(row.completed_at),
        ANSWER: text_of(row.answer),
        DOCUMENT: text_of(row.document),
        "sort": _sorted(columns.study_values(document)),
        "words": list(row.words),
        FIELD: [*tokens_of(document), *map(word_term, row.words)],
    }


def study_of(source: Json) -> StudyRow:
    """A study's row."""
    fields = {name: source[name] for name in STUDY_MEMBERS}
    fields[ANSWER], fields[DOCUMENT] = bytes_of(source, ANSWER), bytes_of(source, DOCUMENT)
    at = fields["completed_at"]
    fields["completed_at"] = None if at is None else Position(*at)
    fields["words"] = tuple(fields["words"])
    return StudyRow(**fields)


def series_source(row: SeriesRow) -> Json:
    """Document of a series."""
    document = json.loads(row.document)
    return {
        **_members(row),
        "kind": "series",
        "visible": True,
        ANSWER: text_of(row.answer),
        DOCUMENT: text_of(row.document),
        "sort": _sorted(columns.series_values(document)),
        FIELD: tokens_of(document),
    }


_NUMERIC = frozenset(
    column.name[2:]
    for column in (columns.STUDY | columns.SERIES | columns.INSTANCE).values()
    if column.kind == "number"
)


def _sorted(values: Mapping[str, columns.Value]) -> Json:
    """Values to sort by; what is missing has one too, which comes first."""
    return {
        name: (NO_NUMBER if name in _NUMERIC else "")
        if value is None
        else (value[:MAX_SORTED_LENGTH] if isinstance(value, str) else value)
        for name, value in values.items()
    }


def hidden_study(study: str) -> Json:
    """What is left of a study's document once nothing of it shows."""
    return {"kind": "study", "visible": False, "study_instance_uid": study}


def hidden_series(study: str, series: str) -> Json:
    """What is left of a series' document."""
    uids = {"study_instance_uid": study, "series_instance_uid": series}
    return {"kind": "series", "visible": False, **uids}


def purged_instance() -> Json:
    """What is left of an instance that was purged: that there was something."""
    return {"kind": "purged", "visible": False}

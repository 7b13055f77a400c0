"""A DICOM JSON document as it is to be seen, with what it was in its Original Attributes Sequence (0400,0561).

Of its items (SOP Common Module, PS3.3 C.12.1) date and time (0400,0562), modifying system (0400,0563), reason
(0400,0565) and the Modified Attributes Sequence (0400,0550) with the previous values are of Type 1, the source of those
(0400,0564) of Type 2. What was not there before stands in it empty.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from isocenter.dicom.json_attributes import text_of
from isocenter.events.versions import version_ms
from isocenter.ports.index_rows import CorrectionRow

ORIGINAL_ATTRIBUTES, MODIFIED_ATTRIBUTES = "04000561", "04000550"
SYSTEM = "ISOCENTER"
REASON = "CORRECT"
_TEXT_ELSEWHERE = re.compile(rb'"vr":"(?:LO|LT|PN|SH|ST|UC|UN|UT)","BulkDataURI"')

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one correction did to a document: what stood there before, by tag, and the rest of its item."""

    before: Mapping[str, Any]  # an empty element where there was nothing
    about: Mapping[str, Any]

    def item(self) -> Document:
        """Its item of the Original Attributes Sequence."""
        previous = {"vr": "SQ", "Value": [dict(sorted(self.before.items()))]}
        return dict(sorted({**self.about, MODIFIED_ATTRIBUTES: previous}.items()))


@dataclass(frozen=True, slots=True)
class Edited:
    """A document with corrections applied: what is there instead, by tag, and what each correction changed."""

    now: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    is_ascii: bool = False  # no text of the document needs a character set


def edited_of(document: bytes, corrections: Sequence[CorrectionRow]) -> Edited:
    """As `edited`, of a document as the index keeps it; values that lie elsewhere may hold any text."""
    is_ascii = document.isascii() and _TEXT_ELSEWHERE.search(document) is None
    return replace(edited(orjson.loads(document), corrections), is_ascii=is_ascii)


def edited(document: Mapping[str, Any], corrections: Sequence[CorrectionRow]) -> Edited:
    """Apply corrections in their order. One that changes nothing leaves no trace."""
    now: Document = {}
    changes: list[Change] = []
    for row in corrections:
        before: dict[str, Any] = {}
        for tag, element in orjson.loads(row.attributes).items():
            standing = now.get(tag, document.get(tag))
            if not _is_same(standing, element):
                before[tag] = standing or {"vr": element["vr"]}
                now[tag] = element
        if before:
            changes.append(Change(before, _about(row)))
    return Edited(now, tuple(changes))


def seen(document: Mapping[str, Any], found: Edited) -> Document:
    """The whole document as it is to be seen, its tags ascending."""
    if not found.changes:
        return dict(document)
    items = [*_items(document), *(change.item() for change in found.changes)]
    shown = {**document, **found.now, ORIGINAL_ATTRIBUTES: {"vr": "SQ", "Value": items}}
    return dict(sorted(shown.items()))


def seen_bytes(document: bytes, found: Edited) -> bytes:
    """As `seen`, of a document as the index keeps it."""
    return orjson.dumps(seen(orjson.loads(document), found)) if found.changes else document


def _items(document: Mapping[str, Any]) -> list[Any]:
    items: list[Any] = document.get(ORIGINAL_ATTRIBUTES, {}).get("Value") or []
    return items


def _is_same(standing: Any, element: Mapping[str, Any]) -> bool:
    """Whether what stands there says the same; empty and absent do."""
    return _texts(standing) == _texts(element)


def _texts(element: Any) -> list[str]:
    if not isinstance(element, Mapping):
        return []
    if "BulkDataURI" in element or "InlineBinary" in element:
        return ["\0"]  # nothing that a person wrote
    values = element.get("Value") or []
    if element.get("vr") == "SQ":
        return ["\0"] * len(values)
    return [_number(one) if isinstance(one, int | float) else text_of(one) for one in values]


def _number(value: float) -> str:
    return repr(float(value))


def _about(row: CorrectionRow) -> Document:
    made = datetime.fromtimestamp(version_ms(row.version) / 1000, UTC)
    return {
        "04000562": {"vr": "DT", "Value": [f"{made:%Y%m%d%H%M%S.%f}+0000"]},
        "04000563": {"vr": "LO", "Value": [SYSTEM]},
        "04000564": {"vr": "LO"},
        "04000565": {"vr": "CS", "Value": [REASON]},
    }

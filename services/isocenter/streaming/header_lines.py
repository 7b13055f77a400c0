"""A header as lines to read: what a person looks through, level by level, with the names of PS3.6."""

from collections.abc import Iterator
from typing import Any

from isocenter.dicom.attributes import is_private, keyword_of
from isocenter.dicom.json_attributes import text_of

MAX_LINES = 20_000
MAX_CHARACTERS = 1_000  # of one line's value

Line = dict[str, str | int]


def header_lines(document: dict[str, Any]) -> list[Line]:
    """Lines in the order of tags; `depth` 0 is the top, a sequence's items follow it one deeper.

    The last of too many says so.
    """
    found: list[Line] = []
    for line in _lines(document, 0):
        if len(found) == MAX_LINES:
            found.append({"depth": 0, "tag": "", "keyword": "", "vr": "", "value": "and more"})
            break
        found.append(line)
    return found


def _lines(document: dict[str, Any], depth: int) -> Iterator[Line]:
    for tag in sorted(document):
        element = document[tag]
        items = element.get("Value", []) if element.get("vr") == "SQ" else []
        yield {
            "depth": depth,
            "tag": tag,
            "keyword": _keyword(tag),
            "vr": element.get("vr", ""),
            "value": _counted(len(items), "item") if items else _shown(element),
        }
        for place, item in enumerate(items, 1):
            yield {"depth": depth + 1, "tag": "", "keyword": "", "vr": "", "value": f"item {place}"}
            yield from _lines(item, depth + 1)


def _keyword(tag: str) -> str:
    number = int(tag, 16)
    return keyword_of(number) or ("private" if is_private(number) else "")


def _shown(element: dict[str, Any]) -> str:
    if "BulkDataURI" in element:
        length = str(element["BulkDataURI"]).rpartition("/")[2]
        return f"{length} bytes" if length.isdigit() else "bulk data"
    if "InlineBinary" in element:
        return _cut(f"base64 {element['InlineBinary']}")
    return _cut("\\".join(map(text_of, element.get("Value", []))))


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[:MAX_CHARACTERS]} … ({len(text)} characters)"


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"

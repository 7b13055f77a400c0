"""Reading values out of a DICOM JSON document (PS3.18 F.2), for the few attributes that describe an image."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from isocenter.dicom.json_attributes import values
from isocenter.errors import InvalidInstance

Document = Mapping[str, Any]
ReadBulk = Callable[[str], bytes]


def integer(document: Document, tag: str, default: int) -> int:
    """First value as an integer; raises InvalidInstance when it is none."""
    found = values(document, tag)
    if not found or found[0] is None:
        return default
    try:
        return int(found[0])
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInstance("an attribute that describes the image is not a number") from error


def numbers(document: Document, tag: str) -> list[float]:
    """All values that are numbers, in order; others are left out."""
    out: list[float] = []
    for value in values(document, tag):
        try:
            out.append(float(value))
        except (TypeError, ValueError, OverflowError):
            continue
    return out


def text(document: Document, tag: str) -> str:
    """First value as text, stripped; empty when there is none."""
    found = values(document, tag)
    return str(found[0]).strip() if found and found[0] is not None else ""


def item(document: Document, tag: str, index: int = 0) -> Document:
    """One item of a sequence; an empty document when it is not there."""
    found = values(document, tag)
    if index < len(found) and isinstance(found[index], Mapping):
        return dict(found[index])
    return {}


def binary(document: Document, tag: str, read_bulk: ReadBulk) -> bytes:
    """A value's bytes as stored, inline or by its BulkDataURI; numbers (US, SS) as 16-bit little endian words."""
    element = document.get(tag)
    if not isinstance(element, Mapping):
        return b""
    if "InlineBinary" in element:
        return b64decode(str(element["InlineBinary"]))
    if "BulkDataURI" in element:
        return read_bulk(str(element["BulkDataURI"]))
    return b"".join((int(value) & 0xFFFF).to_bytes(2, "little") for value in values(document, tag))

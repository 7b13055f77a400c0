"""DICOM JSON (PS3.18 F.2) as the recomputed documents use it."""

from typing import Any

import orjson

Document = dict[str, dict[str, Any]]


def load(document: bytes) -> Document:
    """Read a document of the index."""
    loaded: Document = orjson.loads(document)
    return loaded


def dump(document: Document) -> bytes:
    """Write one, its tags ascending, without blanks."""
    ordered = dict(sorted(document.items()))
    return orjson.dumps(ordered)


def element(vr: str, *values: str | int) -> dict[str, Any]:
    """An element with these values; without any, an empty one."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}

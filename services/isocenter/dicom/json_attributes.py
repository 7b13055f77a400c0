"""Values out of a DICOM JSON object (PS3.18 F.2), which may be anybody's: nothing in it is taken for granted."""

from collections.abc import Mapping
from typing import Any


def values(document: Any, tag: str) -> list[Any]:
    """All values of an attribute; empty when it is absent or empty, or when this is no such object."""
    element = document.get(tag) if isinstance(document, Mapping) else None
    found = element.get("Value") if isinstance(element, Mapping) else None
    return found if isinstance(found, list) else []


def first(document: Any, tag: str) -> str:
    """The first value as text; empty when there is none, or when it is a name or an item."""
    value = next(iter(values(document, tag)), None)
    return "" if value is None or isinstance(value, dict) else str(value)

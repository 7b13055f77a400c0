"""Values out of a DICOM JSON object (PS3.18 F.2), which may be anybody's: nothing in it is taken for granted."""

from collections.abc import Mapping
from typing import Any

from isocenter.dicom.person_name import GROUPS


def values(document: Any, tag: str) -> list[Any]:
    """All values of an attribute; empty when it is absent or empty, or when this is no such object."""
    element = document.get(tag) if _is_object(document) else None
    if element is None:
        return []
    found = element.get("Value") if _is_object(element) else None
    return found if isinstance(found, list) else []


def _is_object(found: Any) -> bool:
    return type(found) is dict or isinstance(
        found, Mapping
    )  # the first is what it nearly always is, and quicker


def first(document: Any, tag: str) -> str:
    """The first value as text; empty when there is none, or when it is a name or an item."""
    value = next(iter(values(document, tag)), None)
    return "" if value is None or isinstance(value, dict) else str(value)


def text_of(value: Any) -> str:
    """One value as text, a name's groups with `=` between them (PS3.5 6.2); empty for none."""
    if isinstance(value, dict):
        return "=".join(str(value.get(group, "")) for group in GROUPS).rstrip("=")
    return "" if value is None else str(value)

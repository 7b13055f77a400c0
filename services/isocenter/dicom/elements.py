"""Values of attributes in DICOM JSON (PS3.18 annex F), as they are compared."""

from typing import Any

from isocenter.dicom import temporal
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.person_name import GROUPS

INVALID = "!"  # before what is no date or time: sorts before every digit, so it is in no range


def values_of(document: JsonObject, tag: str) -> list[Any]:
    """Non-empty values; none when the attribute is empty or missing."""
    element = document.get(tag)
    if not isinstance(element, dict):
        return []
    return [v for v in element.get("Value", ()) if v is not None and v not in ("", {})]


def items_of(document: JsonObject, tag: str) -> list[JsonObject]:
    """Items of a sequence, empty ones too (PS3.18 F.2.5)."""
    element = document.get(tag)
    if not isinstance(element, dict) or element.get("vr") != "SQ":
        return []
    return [item or {} for item in element.get("Value", ()) if isinstance(item, dict | None)]


def _plain(value: Any) -> str:
    """Text without padding, and without what no index can hold: NUL, and half of a surrogate pair."""
    text = str(value).replace("\0", "").strip(" ")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def texts_of(document: JsonObject, tag: str) -> list[str]:
    """Values as text without padding."""
    return [text for text in map(_plain, values_of(document, tag)) if text]


def first_text(document: JsonObject, tag: str) -> str | None:
    """First value as text, or None."""
    texts = texts_of(document, tag)
    return texts[0] if texts else None


def first_number(document: JsonObject, tag: str) -> int | None:
    """First value when it is a whole number of 64 bits."""
    try:
        number = int(first_text(document, tag) or "")
    except ValueError:
        return None
    return number if abs(number) < 1 << 63 else None


def name_groups(document: JsonObject, tag: str) -> list[str]:
    """Component groups of all values of a PN."""
    names = (value for value in values_of(document, tag) if isinstance(value, dict))
    return [_plain(name[group]) for name in names for group in GROUPS if name.get(group)]


def normal_time(vr: str, text: str) -> str:
    """Normal form of a stored DA, TM or DT: its first moment; what cannot be read is marked and in no range."""
    if vr == "DA":
        return temporal.date(text) or INVALID + text
    ends = temporal.time(text) if vr == "TM" else temporal.date_time(text)
    return ends[0] if ends else INVALID + text


def first_time(document: JsonObject, tag: str, vr: str) -> str | None:
    """Normal form of the first value, or None."""
    text = first_text(document, tag)
    return None if text is None else normal_time(vr, text)


def moment(day: str | None, time: str | None) -> str:
    """A date and a time in one text, midnight when no time is known; empty without a valid date."""
    if day is None or day.startswith(INVALID):
        return ""
    return day + ("000000.000000" if time is None or time.startswith(INVALID) else time)

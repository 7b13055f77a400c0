"""The matching of PS3.4 C.2.2.2 written as plainly as it reads, as the oracle of the index suite.

It takes search keys as a client writes them and a document of DICOM JSON, shares only `fold` with the product (which
has vectors of its own), and is as slow as it likes.
"""

import calendar
import re
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TypeAlias

from tests.support.index_rows import Document

from isocenter.dicom.person_name import fold

Key: TypeAlias = "tuple[str, str, str | tuple[Key, ...]]"  # tag, VR, value or the keys of an item
NUMBERS = {"IS", "DS", "US", "UL"}
PAIRS = {"00080020": "00080030", "00080021": "00080031", "00400244": "00400245"}


def matches(document: Document, keys: list[Key]) -> bool:
    """Tell whether a document meets all keys, date and time ranges joined."""
    by_tag = {key[0]: key for key in keys}
    for date_tag, time_tag in PAIRS.items():
        date, time = by_tag.get(date_tag), by_tag.get(time_tag)
        if date and time and "-" in date[2] and "-" in time[2]:
            if not _joined(document, date, time):
                return False
            del by_tag[date_tag], by_tag[time_tag]
    return all(_one(document, *key) for key in by_tag.values())


def _values(document: Document, tag: str) -> list[object]:
    found = document.get(tag, {}).get("Value", [])
    assert isinstance(found, list)
    return [value for value in found if value not in (None, "", {})]


def _items(document: Document, tag: str) -> list[Document]:
    return [value for value in document.get(tag, {}).get("Value", []) if isinstance(value, dict)]  # type: ignore[attr-defined]


def _texts(document: Document, tag: str) -> list[str]:
    return [text for value in _values(document, tag) if (text := str(value).strip(" "))]


def _one(document: Document, tag: str, vr: str, key: str | tuple[Key, ...]) -> bool:
    if not isinstance(key, str):
        asked = [one for one in key if one[2] not in ("", "*")]
        return not asked or any(
            all(_one(item, *one) for one in asked) for item in _items(document, tag)
        )
    key = key.strip(" ")
    if key.strip("*") == "":
        return True
    if key == '""':
        return not _values(document, tag)
    if vr == "PN":
        return _name(document, tag, key)
    texts = _texts(document, tag)
    if vr in {"DA", "TM", "DT"}:
        return any(_in_range(vr, key, text) for text in texts)
    if vr in NUMBERS:
        return any(Fraction(text) == Fraction(key) for text in texts)
    wanted = re.split(r"[\\,]" if vr in {"UI", "CS"} else r"\\", key)
    return any(glob(w, text) if vr != "UI" else w == text for w in wanted for text in texts)


def glob(pattern: str, text: str) -> bool:
    """`*` and `?`, by definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def _name(document: Document, tag: str, key: str) -> bool:
    groups = [
        [fold(component) for component in str(text).split("^")]
        for value in _values(document, tag)
        if isinstance(value, dict)
        for text in value.values()
        if text
    ]
    return all(_group(groups, asked) for asked in key.split("=") if asked.strip("*^ "))


def _group(groups: list[list[str]], asked: str) -> bool:
    components = [fold(component) for component in asked.split("^")]
    while components and not components[-1]:
        components.pop()
    if "^" in asked:
        return any(glob("^".join(components), "^".join(group).rstrip("^")) for group in groups)
    parts = {
        part for group in groups for component in group for part in (component, *component.split())
    }
    wholes = {" ".join(component for component in group if component) for group in groups}
    return any(glob(components[0], part) for part in (parts | wholes) - {""})


Ends = tuple[datetime, datetime]
TICK = timedelta(microseconds=1)


def _ends(vr: str, text: str) -> Ends | None:
    """First and last microsecond a value may mean."""
    offset = timedelta()
    if vr == "DA":
        text = re.sub(r"^(\d{4})\.(\d\d)\.(\d\d)$", r"\1\2\3", text)
        if len(text) != len("YYYYMMDD"):
            return None
    if vr == "TM":
        text = "19000101" + text.replace(":", "")
    if vr == "DT" and (found := re.fullmatch(r"(.*)([+-])(\d\d)(\d\d)", text)):
        text = found[1]
        offset = timedelta(hours=int(found[3]), minutes=int(found[4])) * (
            1 if found[2] == "+" else -1
        )
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdecimal():
        return None
    formats = {
        4: "%Y",
        6: "%Y%m",
        8: "%Y%m%d",
        10: "%Y%m%d%H",
        12: "%Y%m%d%H%M",
        14: "%Y%m%d%H%M%S",
    }
    try:
        low = datetime.strptime(whole, formats[len(whole)])
    except (KeyError, ValueError):
        return None
    if fraction:
        unit = 10 ** (6 - len(fraction))
        low += TICK * int(fraction) * unit
        return low - offset, low + TICK * (unit - 1) - offset
    days = {
        4: 366 if calendar.isleap(low.year) else 365,
        6: calendar.monthrange(low.year, low.month)[1],
        8: 1,
    }
    lengths = {10: timedelta(hours=1), 12: timedelta(minutes=1), 14: timedelta(seconds=1)}
    length = lengths.get(len(whole)) or timedelta(days=days[len(whole)])
    return low - offset, low + length - TICK - offset


def _asked(vr: str, key: str) -> Ends:
    single = _ends(vr, key)
    if single is not None and not (vr == "DT" and re.search(r"-(1[3-9]|[2-9]\d)\d\d$", key)):
        return single
    for hyphen in re.finditer("-", key):
        before, after = key[: hyphen.start()], key[hyphen.end() :]
        low, high = _ends(vr, before), _ends(vr, after)
        if (low or not before) and (high or not after):
            return (low[0] if low else datetime.min, high[1] if high else datetime.max)
    raise AssertionError("not a range")


def _in_range(vr: str, key: str, text: str) -> bool:
    stored = _ends(vr, text)
    if stored is None:
        return False
    low, high = _asked(vr, key)
    return low <= stored[0] <= high


def _joined(document: Document, date: Key, time: Key) -> bool:
    days, times = _texts(document, date[0]), _texts(document, time[0])
    if not days or _ends("DA", days[0]) is None:
        return False
    clock = times[0] if times and _ends("TM", times[0]) else "000000"
    stored = _ends("DT", days[0].replace(".", "") + clock.replace(":", ""))
    assert stored is not None
    assert isinstance(date[2], str)
    assert isinstance(time[2], str)
    from_day, to_day = date[2].split("-")
    from_time, to_time = time[2].split("-")
    low = _ends("DT", from_day + (from_time or "000000")) if from_day else None
    high = _ends("DT", to_day + (to_time or "235959.999999")) if to_day else None
    return (not low or low[0] <= stored[0]) and (not high or stored[0] <= high[1])

"""Attribute matching (PS3.4 C.2.2.2) as data: what a search key asks for, before any index speaks its own language."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from isocenter.dicom import temporal
from isocenter.dicom.person_name import fold_pattern
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidRequest, LimitExceeded


@dataclass(frozen=True, slots=True)
class SingleValue:
    """Equal to one value (C.2.2.2.1); several values mean any of them (list of UIDs, C.2.2.2.2)."""

    tag: str  # eight upper-case hexadecimal digits
    vr: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WildCard:
    """`*` any run of characters, `?` any one (C.2.2.2.4). Case-sensitive except for PN."""

    tag: str
    vr: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included, for DA, TM and DT (C.2.2.2.5); an empty end is open.

    Ends are in normal form: `YYYYMMDD`, `HHMMSS.FFFFFF`, `YYYYMMDDHHMMSS.FFFFFF` (DT: moved to UTC when it had an
    offset). A single time of less precision is a range too, with `single` set.
    """

    tag: str
    vr: str
    low: str
    high: str
    single: bool = False


@dataclass(frozen=True, slots=True)
class DateTimeRange:
    """A date and a time attribute matched as one moment (C.2.2.2.5, combined date-time matching)."""

    date_tag: str
    time_tag: str
    low: str  # YYYYMMDDHHMMSS.FFFFFF or empty
    high: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name in any of its groups; compared without case and accents; `*` and `?` are wild cards.

    `pattern` is folded already (`person_name.fold_pattern`). Without `^` it matches any of the name's parts, with it
    a whole component group. Patterns joined by `=` must all match. A name with a word that sounds like `sound`, a
    code of `sounds.sound_of`, matches too.
    """

    tag: str
    pattern: str
    sound: str = ""


@dataclass(frozen=True, slots=True)
class EmptyValue:
    """The attribute is there with no value, or not there at all (asked by two quotation marks)."""

    tag: str
    vr: str


@dataclass(frozen=True, slots=True)
class InSequence:
    """One item of the sequence meets all of these, a sequence in it as well (C.2.2.2.6)."""

    tag: str
    conditions: "tuple[Match, ...]"


Match = SingleValue | WildCard | Range | DateTimeRange | PersonName | EmptyValue | InSequence

MAX_KEY_LENGTH = 64 * 1024
MAX_VALUES = 1000
MAX_PATTERN_LENGTH = 256
MAX_STARS = 16

EMPTY = '""'
NUMBERS = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"})
_WILD = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})  # C.2.2.2.4
_ONE_VALUE = frozenset({"LT", "ST", "UR", "UT"})  # a backslash is text in these (PS3.5 6.2)
_COMMA = frozenset({"UI", "CS"})  # a comma cannot be part of these
_NOT_MATCHED = frozenset({"SQ", "OB", "OD", "OF", "OL", "OV", "OW"})
PAIRS = (  # a date and the time of the same event
    ("00080020", "00080030"),
    ("00080021", "00080031"),
    ("00080022", "00080032"),
    ("00080023", "00080033"),
    ("00080012", "00080013"),
    ("00400244", "00400245"),
    ("00400250", "00400251"),
)
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")
_TAG = re.compile(r"[0-9A-F]{8}")


def parse(tag: str, vr: str, value: str) -> Match | None:
    """Read one search key; None when it matches everything (C.2.2.2.3: empty, or nothing but `*`).

    `tag` is eight upper-case hexadecimal digits. Several values are split at backslashes, for UI and CS at commas
    too, and mean any of them. Two quotation marks ask for an empty value, of a sequence for one without items.

    Raises:
        InvalidRequest: the value cannot be one of this VR; the message names the tag, never the value.
        LimitExceeded: too long, or too many values or wild cards.
    """
    text = _checked(tag, vr, value)
    if not text.strip("*"):
        return None
    if text == EMPTY:
        return EmptyValue(tag, vr)
    if vr == "PN":
        return _person_name(tag, text)
    if vr in {"DA", "TM", "DT"}:
        return _temporal(tag, vr, text)
    if vr in _WILD and ("*" in text or "?" in text):
        return WildCard(tag, vr, _pattern(tag, text))
    return SingleValue(tag, vr, _values(tag, vr, text))


def _checked(tag: str, vr: str, value: str) -> str:
    is_asked_whether_empty = vr == "SQ" and value.strip(" ") in {"", EMPTY}
    if _TAG.fullmatch(tag) is None or (vr in _NOT_MATCHED and not is_asked_whether_empty):
        raise InvalidRequest(f"{tag} of VR {vr} cannot be searched by value")
    if len(value) > MAX_KEY_LENGTH:
        raise LimitExceeded(f"{tag}: the search key is longer than {MAX_KEY_LENGTH} characters")
    text = value.strip(" \0")
    if _UNSPEAKABLE.search(text):
        raise InvalidRequest(f"{tag}: a character that no value can hold")
    return text


def combine(conditions: Iterable[Match]) -> tuple[Match, ...]:
    """Join a date range and the time range of the same event into one range of moments (combined date-time matching).

    Without it the two are independent: each day, between these hours. A single date or time stays as it is.
    Every list of conditions goes through here: a time range that ends before it starts means something only joined.
    """
    remaining = list(conditions)
    for date_tag, time_tag in PAIRS:
        dates = [
            m for m in remaining if isinstance(m, Range) and m.tag == date_tag and not m.single
        ]
        times = [
            m for m in remaining if isinstance(m, Range) and m.tag == time_tag and not m.single
        ]
        if len(dates) == len(times) == 1:
            remaining = [m for m in remaining if m is not dates[0] and m is not times[0]]
            remaining.append(_moments(dates[0], times[0]))
    for match in remaining:
        if isinstance(match, Range):
            _check_order(match.tag, match.low, match.high)
    return tuple(remaining)


def _check_order(what: str, low: str, high: str) -> None:
    if low and high and low > high:
        raise InvalidRequest(f"{what}: the range ends before it starts")


def _moments(dates: Range, times: Range) -> DateTimeRange:
    low = dates.low and dates.low + (times.low or "000000.000000")
    high = dates.high and dates.high + (times.high or "235959.999999")
    _check_order(f"{dates.tag} with {times.tag}", low, high)
    return DateTimeRange(dates.tag, times.tag, low, high)


def _person_name(tag: str, text: str) -> PersonName | None:
    pattern = fold_pattern(_pattern(tag, text))
    if not pattern.strip("*^="):
        return None
    return PersonName(tag, pattern)


def _pattern(tag: str, text: str) -> str:
    pattern = re.sub(r"\*{2,}", "*", text)
    if len(pattern) > MAX_PATTERN_LENGTH or pattern.count("*") > MAX_STARS:
        raise LimitExceeded(
            f"{tag}: more than {MAX_PATTERN_LENGTH} characters or {MAX_STARS} wild cards"
        )
    if "\\" in pattern:
        raise InvalidRequest(f"{tag}: a pattern cannot be a list")
    return pattern


def _values(tag: str, vr: str, text: str) -> tuple[str, ...]:
    if vr in _ONE_VALUE:
        return (text,)
    pieces = re.split(r"[\\,]" if vr in _COMMA else r"\\", text)
    values = tuple(dict.fromkeys(piece.strip(" \0") for piece in pieces if piece.strip(" \0")))
    if not values or len(values) > MAX_VALUES:
        raise LimitExceeded(f"{tag}: a list holds 1 to {MAX_VALUES} values")
    if vr == "UI" and not all(map(is_valid_uid, values)):
        raise InvalidRequest(f"{tag}: not a UID or a list of UIDs")
    return tuple(_number(tag, v) for v in values) if vr in NUMBERS else values


def _number(tag: str, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise InvalidRequest(f"{tag}: not a number")
    return str(int(number)) if number == number.to_integral_value() else repr(float(number))


def _temporal(tag: str, vr: str, text: str) -> Match:
    if vr == "DA" and "\\" in text:
        return SingleValue(
            tag, vr, tuple(_ends(tag, vr, piece)[0] for piece in _values(tag, vr, text))
        )
    try:
        low, high = _ends(tag, vr, text)
    except InvalidRequest:
        return _range(tag, vr, text)
    return SingleValue(tag, vr, (low,)) if vr == "DA" else Range(tag, vr, low, high, single=True)


def _range(tag: str, vr: str, text: str) -> Range:
    """Try every hyphen as the one between the ends: those of UTC offsets look the same."""
    for hyphen in (place for place, char in enumerate(text) if char == "-"):
        before, after = text[:hyphen].strip(), text[hyphen + 1 :].strip()
        try:
            low = _ends(tag, vr, before)[0] if before else ""
            high = _ends(tag, vr, after)[1] if after else ""
        except InvalidRequest:
            continue
        if not (low or high):
            break
        if vr != "TM":  # of a combined range the time alone may run backwards
            _check_order(tag, low, high)
        return Range(tag, vr, low, high)
    raise InvalidRequest(f"{tag}: {_EXPECTED[vr]}")


_EXPECTED = {
    "DA": "expected YYYYMMDD or a range of two, one end may be missing",
    "TM": "expected HH, HHMM, HHMMSS or HHMMSS.FFFFFF, or a range of two, one end may be missing",
    "DT": "expected YYYY up to YYYYMMDDHHMMSS.FFFFFF with an optional offset such as +0100, or a range of two",
}


def _ends(tag: str, vr: str, text: str) -> tuple[str, str]:
    """First and last moment that a single value may mean."""
    if vr == "DA":
        day = temporal.date(text)
        ends = None if day is None else (day, day)
    elif vr == "TM":
        ends = temporal.time(text)
    else:
        ends = temporal.date_time(
            text.replace(" ", "+")
        )  # a plus sign that a URL turned into a blank
    if ends is None:
        raise InvalidRequest(f"{tag}: {_EXPECTED[vr]}")
    return ends

"""Attribute matching (PS3.4 C.2.2.2) as data: what a search key asks for, before any index speaks its own language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SingleValue:
    """Equal to one value (C.2.2.2.1); several values mean any of them (UID list, C.2.2.2.2)."""

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
    """From `low` to `high`, both included, for DA, TM and DT (C.2.2.2.5); an empty end is open."""

    tag: str
    vr: str
    low: str
    high: str


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

    `pattern` is folded already. Without `^` it matches any of the name's parts, with it the whole component group.
    """

    tag: str
    pattern: str


@dataclass(frozen=True, slots=True)
class EmptyValue:
    """The attribute is there with no value, or not there at all (C.2.2.2.6, asked by two quotation marks)."""

    tag: str
    vr: str


Match = SingleValue | WildCard | Range | DateTimeRange | PersonName | EmptyValue

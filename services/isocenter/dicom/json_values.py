"""Values in the DICOM JSON Model (PS3.18 F.2.3 to F.2.7): one converter per value representation.

A converter takes the raw value, never empty, and the text scope; it gives the attribute object. A binary value whose
length is no multiple of its unit becomes InlineBinary under UN.
"""

from binascii import b2a_base64
from collections.abc import Callable
from math import isfinite, isnan
from struct import unpack
from typing import Any

from isocenter.dicom.charset import Charset
from isocenter.dicom.person_name import GROUPS

JsonObject = dict[str, Any]  # the JSON model is as deep as the data set


class Text:
    """Character set in force, and whether any text was not what it declares."""

    __slots__ = ("charset", "unclean")

    def __init__(self, charset: Charset) -> None:
        self.charset = charset
        self.unclean = False

    def decode(self, raw: bytes, delimiters: bytes) -> str:
        """Decode a value that is not plain ASCII."""
        text, clean = self.charset.decode(raw, delimiters)
        self.unclean = self.unclean or not clean
        return text


Converter = Callable[[bytes, Text], JsonObject]


def _plain(raw: bytes) -> str:
    """Decode a text of the default repertoire, whatever is in it."""
    return raw.decode("ascii") if raw.isascii() else raw.decode("latin_1")


def _codes(vr: str) -> Converter:
    """AE AS CS DA DT TM UI: default repertoire, several values, spaces around them do not count."""

    def convert(raw: bytes, _text: Text) -> JsonObject:
        value = _plain(raw)
        if "\\" in value:
            return {"vr": vr, "Value": [part.strip(" \0") or None for part in value.split("\\")]}
        value = value.strip(" \0")
        return {"vr": vr, "Value": [value]} if value else {"vr": vr}

    return convert


def _texts(vr: str, *, leading_spaces: bool) -> Converter:
    """LO SH UC: the character set's repertoire, several values; leading spaces count in UC (PS3.5 table 6.2-1)."""
    strip = str.rstrip if leading_spaces else str.strip

    def convert(raw: bytes, text: Text) -> JsonObject:
        value = (
            raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else text.decode(raw, b"\\")
        )
        if "\\" in value:
            return {"vr": vr, "Value": [strip(part, " \0") or None for part in value.split("\\")]}
        value = strip(value, " \0")
        return {"vr": vr, "Value": [value]} if value else {"vr": vr}

    return convert


def _long_text(vr: str) -> Converter:
    """LT ST UT UR: one value, only trailing spaces do not count."""

    def convert(raw: bytes, text: Text) -> JsonObject:
        value = (
            raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else text.decode(raw, b"")
        )
        value = value.rstrip(" \0")
        return {"vr": vr, "Value": [value]} if value else {"vr": vr}

    return convert


def _person_name(raw: bytes, text: Text) -> JsonObject:
    value = (
        raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else text.decode(raw, b"\\^=")
    )
    names = [_name_groups(part) for part in value.rstrip(" \0").split("\\")]
    return {"vr": "PN", "Value": names} if any(names) else {"vr": "PN"}


def _name_groups(name: str) -> dict[str, str] | None:
    if "=" not in name:
        name = name.strip(" \0")
        return {"Alphabetic": name} if name else None
    parts = zip(GROUPS, name.split("="), strict=False)
    groups = {group: stripped for group, part in parts if (stripped := part.strip(" \0"))}
    return groups or None


def _number(text: str) -> float | str | None:
    stripped = text.strip(" \0")
    try:
        value = float(stripped)
    except ValueError:
        return stripped or None
    return value if isfinite(value) and "_" not in stripped else stripped


def _integer(text: str) -> int | float | str | None:
    stripped = text.strip(" \0")
    try:
        value = int(stripped)
    except ValueError:
        value_as_decimal = _number(stripped)
        if isinstance(value_as_decimal, float) and value_as_decimal.is_integer():
            return int(value_as_decimal)
        return value_as_decimal if not isinstance(value_as_decimal, float) else stripped
    return value if "_" not in stripped else stripped


def _decimals(vr: str, convert_one: Callable[[str], Any]) -> Converter:
    """DS IS: numbers (PS3.18 table F.2.3-1 allows text too, used for what is no number)."""

    def convert(raw: bytes, _text: Text) -> JsonObject:
        values = [convert_one(part) for part in _plain(raw).split("\\")]
        return {"vr": vr, "Value": values} if values != [None] else {"vr": vr}

    return convert


def binary(vr: str, raw: bytes) -> JsonObject:
    """Give a value as base64 (PS3.18 F.2.7)."""
    return {"vr": vr, "InlineBinary": b2a_base64(raw, newline=False).decode("ascii")}


def _bytes(vr: str, unit: int, *, big_endian: bool) -> Converter:
    """OB OD OF OL OV OW UN: base64 of little-endian bytes."""

    def convert(raw: bytes, _text: Text) -> JsonObject:
        return binary(vr, _swapped(raw, unit) if big_endian and unit > 1 else raw)

    return convert


def _swapped(raw: bytes, unit: int) -> bytes:
    swapped = bytearray(raw)
    whole = len(raw) // unit * unit
    for place in range(unit):
        swapped[place:whole:unit] = raw[unit - 1 - place : whole : unit]
    return bytes(swapped)


def _numbers(vr: str, code: str, unit: int, *, big_endian: bool) -> Converter:
    """US SS UL SL UV SV."""
    order = ">" if big_endian else "<"
    one = order + code

    def convert(raw: bytes, _text: Text) -> JsonObject:
        if len(raw) == unit:
            return {"vr": vr, "Value": [unpack(one, raw)[0]]}
        if len(raw) % unit:
            return binary("UN", raw)
        return {"vr": vr, "Value": list(unpack(f"{order}{len(raw) // unit}{code}", raw))}

    return convert


def _floats(vr: str, code: str, unit: int, *, big_endian: bool) -> Converter:
    """FL FD; what JSON has no number for is a text: "NaN", "Infinity", "-Infinity"."""
    order = ">" if big_endian else "<"

    def convert(raw: bytes, _text: Text) -> JsonObject:
        if len(raw) % unit:
            return binary("UN", raw)
        values = unpack(f"{order}{len(raw) // unit}{code}", raw)
        return {
            "vr": vr,
            "Value": [value if isfinite(value) else _infinite(value) for value in values],
        }

    return convert


def _infinite(value: float) -> str:
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _tags(*, big_endian: bool) -> Converter:
    order = ">" if big_endian else "<"

    def convert(raw: bytes, _text: Text) -> JsonObject:
        if len(raw) % 4:
            return binary("UN", raw)
        words = unpack(f"{order}{len(raw) // 2}H", raw)
        pairs = zip(words[::2], words[1::2], strict=True)
        return {"vr": "AT", "Value": [f"{group:04X}{element:04X}" for group, element in pairs]}

    return convert


_UNITS = {"OB": 1, "UN": 1, "OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_INTEGERS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q"}
_SIZES = {"H": 2, "h": 2, "L": 4, "l": 4, "Q": 8, "q": 8}


def converters(*, big_endian: bool) -> dict[bytes, Converter]:
    """All converters of one byte order, by VR as written; SQ is not among them."""
    by_vr: dict[str, Converter] = {
        **{vr: _codes(vr) for vr in ("AE", "AS", "CS", "DA", "DT", "TM", "UI")},
        **{vr: _texts(vr, leading_spaces=False) for vr in ("LO", "SH")},
        "UC": _texts("UC", leading_spaces=True),
        **{vr: _long_text(vr) for vr in ("LT", "ST", "UT", "UR")},
        "PN": _person_name,
        "DS": _decimals("DS", _number),
        "IS": _decimals("IS", _integer),
        "AT": _tags(big_endian=big_endian),
        "FL": _floats("FL", "f", 4, big_endian=big_endian),
        "FD": _floats("FD", "d", 8, big_endian=big_endian),
        **{vr: _bytes(vr, unit, big_endian=big_endian) for vr, unit in _UNITS.items()},
        **{
            vr: _numbers(vr, code, _SIZES[code], big_endian=big_endian)
            for vr, code in _INTEGERS.items()
        },
    }
    return {vr.encode("ascii"): convert for vr, convert in by_vr.items()}


CONVERTERS = {order: converters(big_endian=order) for order in (False, True)}

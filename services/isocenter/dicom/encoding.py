"""How one data element's header is read (PS3.5 7.1), including the ways in which it is written wrong.

The header scan and the JSON model both read through here, so that they never see two different data sets in the same
bytes: no decision depends on where the data end.
"""

from enum import IntEnum
from struct import Struct
from typing import NamedTuple, Protocol


class Buffer(Protocol):
    """Bytes that can be sliced and unpacked from: bytes, bytearray, memoryview, or an mmap."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> bytes | bytearray | memoryview: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...


class Encoding(NamedTuple):
    """Explicit or implicit VR, and byte order."""

    explicit: bool
    big_endian: bool


IMPLICIT = Encoding(explicit=False, big_endian=False)


class Form(IntEnum):
    """Shape of an explicit element's header."""

    SHORT = 0  # 16-bit length
    LONG = 1  # two reserved bytes, 32-bit length
    NESTED = 2  # as LONG; holds items, or may


ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, PIXEL_DATA})
DELIMITER_GROUP = 0xFFFE

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
FORMS: dict[bytes, Form] = {
    **dict.fromkeys(SHORT_VRS, Form.SHORT),
    **dict.fromkeys(b"OB OD OF OL OV OW SV UC UR UT UV".split(), Form.LONG),
    **dict.fromkeys(b"SQ UN".split(), Form.NESTED),
}

EXPLICIT_HEAD = {
    False: Struct("<HH2sHL"),
    True: Struct(">HH2sHL"),
}  # the last only counts in the long form
IMPLICIT_HEAD = {False: Struct("<HHL"), True: Struct(">HHL")}


class Element(NamedTuple):
    """One element's header. `vr` is as written, empty where none is; `value` is where the value starts."""

    tag: int
    vr: bytes
    length: int
    value: int


def read_element(data: Buffer, at: int, encoding: Encoding) -> Element:
    """Read the header at `at`; raises struct.error when the data end within it.

    In explicit VR, an unknown VR has a 32-bit length unless its 16-bit length is not zero, and what are no letters at
    all are taken for the length of an implicit element: both happen.
    """
    group, element, length = IMPLICIT_HEAD[encoding.big_endian].unpack_from(data, at)
    tag = group << 16 | element
    if not encoding.explicit or group == DELIMITER_GROUP:
        return Element(tag, b"", length, at + 8)
    vr = bytes(data[at + 4 : at + 6])
    form = FORMS.get(vr)
    if form is None and not (vr.isalpha() and vr.isupper()):
        return Element(tag, b"", length, at + 8)
    short = int.from_bytes(data[at + 6 : at + 8], "big" if encoding.big_endian else "little")
    if form == Form.SHORT or (form is None and short):
        return Element(tag, vr, short, at + 8)
    length = EXPLICIT_HEAD[encoding.big_endian].unpack_from(data, at)[4]
    return Element(tag, vr, length, at + 12)


def is_explicit(data: Buffer, at: int) -> bool:
    """Tell whether an element that should be implicit was written with a VR.

    As an implicit length the letters would be odd, which no length is, or come from a value of 16 KiB or more.
    """
    vr = bytes(data[at + 4 : at + 6])
    return vr in FORMS and (bool(vr[0] & 1) or bytes(data[at + 6 : at + 8]) != b"\0\0")


def encoding_at(data: Buffer, at: int, declared: Encoding) -> Encoding:
    """Give the encoding of the data set that starts at `at`: as declared, unless it plainly is explicit."""
    if not declared.explicit and is_explicit(data, at):
        return Encoding(True, declared.big_endian)
    return declared

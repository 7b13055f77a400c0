"""A text in the character set of the data set it is written into (PS3.5 6.1.2, PS3.3 C.12.1.1.2)."""

import re
from collections.abc import Iterator
from contextlib import suppress

from isocenter.dicom.charset import Charset, charset_of
from isocenter.errors import NotAcceptable

# One value each has its own repertoire, so nothing announces another: single bytes, or whole Unicode.
_PLAIN = frozenset({"ascii", "latin_1", "tis_620", "utf_8", "gb18030", "gbk"})
# Code extensions by their defined term: what announces one, and its codec, which writes the escapes of Japanese itself.
_EXTENSIONS = {
    "87": (b"", "iso2022_jp"),
    "159": (b"", "iso2022_jp_1"),
    "149": (b"\x1b$)C", "euc_kr"),
    "58": (b"\x1b$)A", "gb2312"),
}
_TERM = re.compile(rb"ISO 2022 IR (\d+)")
_DELIMITERS = {"PN": r"([\\^=])", "LT": "($^)", "ST": "($^)", "UT": "($^)"}  # others: a backslash


class Unwritable(NotAcceptable):
    """The data set's character set has no way to write a text."""


def encoded(text: str, vr: str, declared: bytes) -> bytes:
    """Write a whole value; `declared` is the raw Specific Character Set (0008,0005).

    What comes out reads back as the same text, or Unwritable is raised: nothing is ever replaced.
    """
    if text.isascii():
        return text.encode("ascii")
    charset = charset_of(declared)
    for raw in _written(text, vr, declared, charset):
        if charset.decode(raw, _resets(vr)) == (text, True):
            return raw
    raise Unwritable("a corrected text cannot be written in the character set of this instance")


def _written(text: str, vr: str, declared: bytes, charset: Charset) -> Iterator[bytes]:
    """Ways to write it that may do."""
    if charset.codec in _PLAIN or charset.codec.startswith("iso8859"):
        with suppress(UnicodeEncodeError):
            yield text.encode(charset.codec)
    for number in _TERM.findall(declared):
        escape, codec = _EXTENSIONS.get(number.decode(), (b"", ""))
        parts = re.split(_DELIMITERS.get(vr, r"(\\)"), text)
        with suppress(UnicodeEncodeError):
            if codec:
                yield b"".join(_part(part, escape, codec) for part in parts)


def _part(text: str, escape: bytes, codec: str) -> bytes:
    """What stands between two delimiters, each of which ends a code extension (PS3.5 6.1.2.5.3)."""
    return text.encode("ascii") if text.isascii() else escape + text.encode(codec)


def _resets(vr: str) -> bytes:
    return {"PN": b"\\^=", "LT": b"", "ST": b"", "UT": b""}.get(vr, b"\\")

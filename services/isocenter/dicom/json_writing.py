"""DICOM JSON Model (PS3.18 annex F) to a data set in little endian: answers to C-FIND, data sets sent as metadata.

Texts are written in one character set, named in (0008,0005) of the top level: Latin-1 where it can say everything, else
UTF-8. Elements go out in the order of their tags.
"""

import struct
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from isocenter.dicom.encoding import FORMS, Form
from isocenter.dicom.json_values import JsonObject
from isocenter.errors import InvalidRequest

LATIN_1, UTF_8 = ("ISO_IR 100", "latin_1"), ("ISO_IR 192", "utf_8")
MAX_DEPTH = 16
_ITEM = struct.Struct("<HHI")
_SHORT_MAX = 0xFFFF
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_INTEGERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q"}
_FLOATS = {"FL": "f", "FD": "d"}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_TEXTS = frozenset(
    {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
)  # in the character set (PS3.5 6.1.2.3)
_ZERO_PADDED = frozenset({"UI", *_BYTES})


def write_dataset(document: JsonObject, *, explicit: bool) -> tuple[bytes, str]:
    """Give the data set and the name of its character set; what `document` says of that is replaced.

    Raises InvalidRequest naming the tag, never the value, for what is no DICOM JSON; Bulk Data URIs are no values here.
    """
    for name, codec in (LATIN_1, UTF_8):
        named = {**document, "00080005": {"vr": "CS", "Value": [name]}}
        try:
            return _Writer(codec, explicit=explicit).elements(named, 0), name
        except UnicodeEncodeError:
            continue
    raise InvalidRequest("a text holds what no character can be")


class _Writer:
    def __init__(self, codec: str, *, explicit: bool) -> None:
        self._codec = codec
        self._explicit = explicit

    def elements(self, document: JsonObject, depth: int) -> bytes:
        if depth > MAX_DEPTH:
            raise InvalidRequest("sequences are nested too deeply")
        return b"".join(self._element(tag, document[tag], depth) for tag in sorted(document))

    def _element(self, key: str, content: Any, depth: int) -> bytes:
        try:
            tag, vr = int(key, 16), content["vr"]
            form = FORMS[vr.encode("ascii")]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InvalidRequest(f"{key[:8]}: not an attribute of DICOM JSON") from None
        try:
            value = self._value(vr, content, depth)
        except UnicodeEncodeError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, struct.error, OverflowError):
            raise InvalidRequest(f"{key[:8]}: not a value of {vr}") from None
        return self._head(tag, vr, form, len(value)) + value

    def _head(self, tag: int, vr: str, form: Form, length: int) -> bytes:
        group, element = tag >> 16, tag & 0xFFFF
        if not self._explicit:
            return _ITEM.pack(group, element, length)
        if form is Form.SHORT:
            if length > _SHORT_MAX:
                raise InvalidRequest(f"{tag:08X}: longer than {vr} can be")
            return struct.pack("<HH2sH", group, element, vr.encode("ascii"), length)
        return struct.pack("<HH2sHI", group, element, vr.encode("ascii"), 0, length)

    def _value(self, vr: str, content: JsonObject, depth: int) -> bytes:
        if "BulkDataURI" in content:
            raise InvalidRequest("a Bulk Data URI stands where a value is wanted")
        if "InlineBinary" in content:
            return _padded(vr, _decoded(content["InlineBinary"]))
        values = content.get("Value") or []
        if vr == "SQ":
            return b"".join(self._item(item, depth) for item in values)
        if vr == "AT":
            return b"".join(struct.pack("<HH", int(v[:4], 16), int(v[4:8], 16)) for v in values)
        if vr in _INTEGERS:
            return struct.pack(f"<{len(values)}{_INTEGERS[vr]}", *map(int, values))
        if vr in _FLOATS:
            return struct.pack(f"<{len(values)}{_FLOATS[vr]}", *map(float, values))
        return _padded(vr, self._text(vr, values))

    def _item(self, item: JsonObject | None, depth: int) -> bytes:
        content = self.elements(item or {}, depth + 1)
        return _ITEM.pack(0xFFFE, 0xE000, len(content)) + content

    def _text(self, vr: str, values: list[Any]) -> bytes:
        one = _name if vr == "PN" else _plain
        text = "\\".join(one(value) for value in values)
        if "\0" in text:
            raise ValueError
        return text.encode(self._codec if vr in _TEXTS else "latin_1")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return _decimal(value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError
    return str(value)


def _decimal(value: float) -> str:
    """A number in the 16 characters of a DS (PS3.5 6.2), as exactly as they allow."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    digits = 16
    while len(text) > 16:
        digits -= 1
        text = f"{value:.{digits}g}"
    return text


def _name(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    groups = [str(value.get(group, "")) for group in _GROUPS]
    return "=".join(groups).rstrip("=")


def _decoded(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        raise ValueError from error


def _padded(vr: str, value: bytes) -> bytes:
    if len(value) % 2 == 0:
        return value
    return value + (b"\0" if vr in _ZERO_PADDED else b" ")

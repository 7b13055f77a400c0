"""DICOM JSON Model (PS3.18 annex F) to a data set in little endian: answers to C-FIND, data sets sent as metadata.

Texts are written in one character set, named in (0008,0005) of the top level: Latin-1 where it can say everything, else
UTF-8. Elements go out in the order of their tags.
"""

import struct
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from isocenter.dicom.encoding import FORMS, PIXEL_DATA, Form
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.person_name import GROUPS
from isocenter.errors import InvalidRequest

LATIN_1, UTF_8 = ("ISO_IR 100", "latin_1"), ("ISO_IR 192", "utf_8")
MAX_DEPTH = 16
_ITEM = struct.Struct("<HHI")
_SHORT_MAX = 0xFFFF
_UNDEFINED = 0xFFFFFFFF
_CHARACTER_SET = "00080005"
_PADDING = {True: b"\0", False: b" "}
_INTEGERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q"}
_FLOATS = {"FL": "f", "FD": "d"}
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_TEXTS = frozenset(
    {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
)  # in the character set (PS3.5 6.1.2.3)
_ZERO_PADDED = frozenset({"UI", *_BYTES})


class Bulk(Protocol):
    """A value that lies elsewhere."""

    @property
    def size_bytes(self) -> int:
        """How long it is."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes; may be asked for once."""


Piece = bytes | Bulk
FindBulk = Callable[[str], Bulk]
"""By its Bulk Data URI; raises InvalidRequest for one that is not there."""


def write_dataset(document: JsonObject, *, explicit: bool) -> tuple[bytes, str]:
    """Give the data set and the name of its character set; what `document` says of that is replaced.

    Raises InvalidRequest naming the tag, never the value, for what is no DICOM JSON; Bulk Data URIs are no values here.
    """
    pieces, name = write_pieces(document, _no_bulk, explicit=explicit)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes)), name


def write_pieces(
    document: JsonObject,
    find_bulk: FindBulk,
    *,
    explicit: bool = True,
    encapsulated: bool = False,
) -> tuple[list[Piece], str]:
    """As `write_dataset`, with values that lie elsewhere left where they are.

    `encapsulated`: Pixel Data of the top level is one frame of a compressed transfer syntax (PS3.5 A.4).
    """
    for name, codec in (LATIN_1, UTF_8):
        named = {**document, _CHARACTER_SET: {"vr": "CS", "Value": [name]}}
        writer = _Writer(codec, find_bulk, explicit=explicit, encapsulated=encapsulated)
        try:
            return writer.elements(named, 0), name
        except UnicodeEncodeError:
            continue
    raise InvalidRequest("a text holds what no character can be")


def _no_bulk(uri: str) -> Bulk:
    del uri
    raise InvalidRequest("a Bulk Data URI stands where a value is wanted")


def _length(pieces: Iterable[Piece]) -> int:
    return sum(len(p) if isinstance(p, bytes) else p.size_bytes for p in pieces)


class _Writer:
    def __init__(
        self, codec: str, find_bulk: FindBulk, *, explicit: bool, encapsulated: bool
    ) -> None:
        self._codec = codec
        self._find_bulk = find_bulk
        self._explicit = explicit
        self._encapsulated = encapsulated

    def elements(self, document: JsonObject, depth: int) -> list[Piece]:
        if depth > MAX_DEPTH:
            raise InvalidRequest("sequences are nested too deeply")
        pieces: list[Piece] = []
        for key in sorted(document):
            if depth and key == _CHARACTER_SET:
                continue  # one for all
            pieces += self._element(key, document[key], depth)
        return pieces

    def _element(self, key: str, content: Any, depth: int) -> list[Piece]:
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
        if self._encapsulated and tag == PIXEL_DATA and not depth:
            return [self._head(tag, "OB", FORMS[b"OB"], _UNDEFINED), *_fragments(value)]
        return [self._head(tag, vr, form, _length(value)), *value]

    def _head(self, tag: int, vr: str, form: Form, length: int) -> bytes:
        group, element = tag >> 16, tag & 0xFFFF
        if length > _UNDEFINED - 1 and length != _UNDEFINED:
            raise InvalidRequest(f"{tag:08X}: longer than a value can be")
        if not self._explicit:
            return _ITEM.pack(group, element, length)
        if form is Form.SHORT:
            if length > _SHORT_MAX:
                raise InvalidRequest(f"{tag:08X}: longer than {vr} can be")
            return struct.pack("<HH2sH", group, element, vr.encode("ascii"), length)
        return struct.pack("<HH2sHI", group, element, vr.encode("ascii"), 0, length)

    def _value(self, vr: str, content: JsonObject, depth: int) -> list[Piece]:
        if "BulkDataURI" in content:
            bulk = self._find_bulk(str(content["BulkDataURI"]))
            return [bulk, _PADDING[vr in _ZERO_PADDED]] if bulk.size_bytes % 2 else [bulk]
        if "InlineBinary" in content:
            return [_padded(vr, _decoded(content["InlineBinary"]))]
        values = content.get("Value") or []
        if vr == "SQ":
            return [piece for item in values for piece in self._item(item, depth)]
        return [self._plain_value(vr, values)]

    def _plain_value(self, vr: str, values: list[Any]) -> bytes:
        if vr == "AT":
            return b"".join(struct.pack("<HH", int(v[:4], 16), int(v[4:8], 16)) for v in values)
        if vr in _INTEGERS:
            return struct.pack(f"<{len(values)}{_INTEGERS[vr]}", *map(int, values))
        if vr in _FLOATS:
            return struct.pack(f"<{len(values)}{_FLOATS[vr]}", *map(float, values))
        return _padded(vr, self._text(vr, values))

    def _item(self, item: JsonObject | None, depth: int) -> list[Piece]:
        content = self.elements(item or {}, depth + 1)
        return [_ITEM.pack(0xFFFE, 0xE000, _length(content)), *content]

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
    groups = [str(value.get(group, "")) for group in GROUPS]
    return "=".join(groups).rstrip("=")


def _decoded(text: Any) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        raise ValueError from error


def _fragments(value: list[Piece]) -> list[Piece]:
    """One frame as one fragment behind an empty offset table."""
    begin = _ITEM.pack(0xFFFE, 0xE000, 0) + _ITEM.pack(0xFFFE, 0xE000, _length(value))
    return [begin, *value, _ITEM.pack(0xFFFE, 0xE0DD, 0)]


def _padded(vr: str, value: bytes) -> bytes:
    if len(value) % 2 == 0:
        return value
    return value + _PADDING[vr in _ZERO_PADDED]

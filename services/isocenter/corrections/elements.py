"""Elements written into a data set as it is: its VR form, byte order and character set (PS3.5 7.1)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isocenter.corrections.texts import Unwritable, encoded
from isocenter.dicom.encoding import FORMS, ITEM, Encoding, Form
from isocenter.dicom.json_attributes import text_of

_TEXTS = frozenset(
    {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
)  # in the character set (PS3.5 6.1.2.3)
_SHORT_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class Writing:
    """How one data set is written."""

    encoding: Encoding
    charset: bytes  # raw value of Specific Character Set

    def element(self, key: str, element: Mapping[str, Any]) -> bytes:
        """An element of DICOM JSON; sequences with items of defined length. Raises Unwritable."""
        vr = str(element["vr"])
        if vr == "SQ":
            items = [self.item(self._elements(one)) for one in element.get("Value") or []]
            return self.framed(int(key, 16), vr, b"".join(items))
        return self.framed(int(key, 16), vr, self._value(vr, element.get("Value") or []))

    def item(self, content: bytes) -> bytes:
        """One item of a sequence (PS3.5 7.5)."""
        return self._pack("HHI", ITEM >> 16, ITEM & 0xFFFF, len(content)) + content

    def framed(self, tag: int, vr: str, value: bytes) -> bytes:
        """A value with its header."""
        group, element = tag >> 16, tag & 0xFFFF
        if not self.encoding.explicit:
            return self._pack("HHI", group, element, len(value)) + value
        if FORMS[vr.encode("ascii")] is Form.SHORT:
            if len(value) > _SHORT_MAX:
                raise Unwritable("a value is too long for its data set")
            head = self._pack("HH", group, element) + vr.encode("ascii")
            return head + self._pack("H", len(value)) + value
        head = self._pack("HH", group, element) + vr.encode("ascii") + b"\0\0"
        return head + self._pack("I", len(value)) + value

    def _elements(self, item: Mapping[str, Any]) -> bytes:
        return b"".join(self.element(key, item[key]) for key in sorted(item))

    def _value(self, vr: str, values: Sequence[Any]) -> bytes:
        text = "\\".join(_plain(one) for one in values)
        raw = encoded(text, vr, self.charset if vr in _TEXTS else b"")
        return raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)

    def _pack(self, form: str, *values: int) -> bytes:
        return struct.pack((">" if self.encoding.big_endian else "<") + form, *values)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    return text_of(value)

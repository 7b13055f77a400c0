"""What can be read of a quarantined thing's header, however broken it is, for a person who has to decide about it."""

import struct

from isocenter.dicom.attributes import keyword_of
from isocenter.dicom.encoding import Encoding, encoding_at, read_element
from isocenter.dicom.part10 import FileMeta, read_file_meta
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import IsocenterError

PREVIEW_BYTES = 64 << 10
MAX_ELEMENTS = 200
MAX_VALUE_CHARACTERS = 64
_PIXEL_GROUP = 0x7FE0
_HEX_BYTES = 16

Line = dict[str, object]


def preview(data: bytes) -> dict[str, object]:
    """Describe the start of the bytes: transfer syntax, elements in order, and why reading stopped. Never raises."""
    try:
        meta = read_file_meta(data)
        syntax = transfer_syntax(meta.transfer_syntax_uid)
    except IsocenterError as error:
        return {"elements": [], "stopped": error.message, "begins_with": data[:_HEX_BYTES].hex()}
    if syntax.deflated:
        return _described(meta, [], "the data set is deflated")
    elements: list[Line] = []
    declared = Encoding(not syntax.implicit, syntax.big_endian)
    stopped = ""
    try:
        encoding = encoding_at(data, meta.dataset_offset, declared)
        _read(data, meta.dataset_offset, encoding, elements)
        stopped = _why(elements)
    except struct.error:
        stopped = "the bytes end within an element"
    return _described(meta, elements, stopped)


def _read(data: bytes, at: int, encoding: Encoding, lines: list[Line]) -> None:
    """Add top level and, flattened, what is in sequences: items and their delimiters are elements too."""
    for _ in range(MAX_ELEMENTS):
        if at >= len(data):
            return
        element = read_element(data, at, encoding)
        is_nested = (
            element.vr == b"SQ" or element.tag >> 16 == 0xFFFE or element.length == 0xFFFFFFFF
        )
        value = b"" if is_nested else data[element.value : element.value + element.length]
        line: Line = {
            "tag": f"{element.tag:08X}",
            "keyword": keyword_of(element.tag),
            "vr": element.vr.decode("latin-1"),
            "length": element.length,
            "value": "" if element.tag >> 16 == _PIXEL_GROUP else _text(value),
        }
        lines.append(line)
        if element.tag >> 16 == _PIXEL_GROUP:
            return
        at = element.value + (0 if is_nested else element.length)


def _why(elements: list[Line]) -> str:
    if len(elements) == MAX_ELEMENTS:
        return f"only the first {MAX_ELEMENTS} elements are shown"
    if elements and str(elements[-1]["tag"]).startswith(f"{_PIXEL_GROUP:04X}"):
        return "pixel data follow"
    return "the bytes that are looked at end here"


def _text(value: bytes) -> str:
    """Printable characters as they are, everything else as a point; it is a glance, not a decoding."""
    shown = value[:MAX_VALUE_CHARACTERS].rstrip(b"\0 ").decode("latin-1")
    return "".join(character if character.isprintable() else "." for character in shown)


def _described(meta: FileMeta, elements: list[Line], stopped: str) -> dict[str, object]:
    return {
        "transfer_syntax_uid": meta.transfer_syntax_uid,
        "elements": elements,
        "stopped": stopped,
    }

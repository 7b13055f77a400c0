"""A Part 10 file with corrections applied: its elements are replaced in place, every other byte stays as it is.

The lengths of groups, where they are written (PS3.5 7.2), follow. Pixels are passed on by range, never copied.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any

from isocenter.corrections.documents import MODIFIED_ATTRIBUTES, ORIGINAL_ATTRIBUTES, Edited
from isocenter.corrections.elements import Writing
from isocenter.corrections.texts import Unwritable
from isocenter.dicom.encoding import (
    DELIMITER_GROUP,
    PIXEL_TAGS,
    Buffer,
    Encoding,
    encoding_at,
    read_element,
)
from isocenter.dicom.inflate import inflated
from isocenter.dicom.ledger import Ledger
from isocenter.dicom.limits import DEFAULT_LIMITS, UNDEFINED_LENGTH
from isocenter.dicom.nested_walk import walk_value
from isocenter.dicom.part10 import read_file_meta
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.dicom.walk import SPECIFIC_CHARACTER_SET, Segment
from isocenter.errors import InvalidInstance, LimitExceeded, NotAcceptable

UTF_8 = b"ISO_IR 192"
MAX_INFLATED_BYTES = 1 << 30
_ITEM_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Span:
    """An element of the top level: its first byte, that of its value, and where it ends."""

    start: int
    value: int
    end: int


def corrected_file(file: memoryview, edited: Edited) -> list[memoryview | bytes]:
    """Give the file in pieces. Raises NotAcceptable when it cannot be written as it should be seen."""
    if not edited.changes:
        return [file]
    meta = read_file_meta(file)
    syntax = transfer_syntax(meta.transfer_syntax_uid)
    start = meta.dataset_offset
    encoding = Encoding(not syntax.implicit, syntax.big_endian)
    try:
        if not syntax.deflated:
            return _spliced(file, start, encoding, edited)
        data = _inflated(file, start)
        squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = [squeeze.compress(piece) for piece in _spliced(data, 0, encoding, edited)]
        content = b"".join([*packed, squeeze.flush()])
        return [file[:start], content + b"\0" * (len(content) % 2)]  # PS3.5 A.5
    except (InvalidInstance, struct.error) as error:
        raise NotAcceptable(
            "the stored header cannot be corrected: its elements are broken"
        ) from error


def _inflated(file: memoryview, start: int) -> memoryview:
    limits = replace(DEFAULT_LIMITS, max_inflated_bytes=MAX_INFLATED_BYTES)
    return memoryview(b"".join(inflated(file, start, limits)))


def _spliced(
    data: memoryview, start: int, declared: Encoding, edited: Edited
) -> list[memoryview | bytes]:
    encoding = encoding_at(data, start, declared)
    spans, end = _spans(data, start, encoding)
    span = spans.get(SPECIFIC_CHARACTER_SET)
    raw = bytes(data[span.value : span.end]) if span is not None else b""
    try:
        made = _made(data, spans, Writing(encoding, raw), edited)
    except Unwritable:
        if not edited.is_ascii:  # with texts of its own that another character set would change
            raise
        made = _made(data, spans, Writing(encoding, UTF_8), edited, is_utf_8=True)
    made |= _group_lengths(data, spans, made, encoding)
    return _pieces(data, end, spans, made)


def _spans(data: memoryview, start: int, encoding: Encoding) -> tuple[dict[int, _Span], int]:
    """Elements of the top level before Pixel Data, of two alike the first, and where the last of them ends."""
    ledger = Ledger(DEFAULT_LIMITS)
    ledger.open(Segment(data, start, len(data)))
    spans: dict[int, _Span] = {}
    at = start
    while len(data) - at >= _ITEM_HEADER_BYTES:
        element = read_element(data, at, encoding)
        if element.tag in PIXEL_TAGS or element.tag >> 16 == DELIMITER_GROUP or element.tag == 0:
            break
        if element.length != UNDEFINED_LENGTH and element.value + element.length > len(data):
            break
        if len(spans) > DEFAULT_LIMITS.max_elements:
            raise LimitExceeded("too many elements")
        end = walk_value(ledger, element, len(data), encoding, 0)
        spans.setdefault(element.tag, _Span(at, element.value, end))
        at = end
    return spans, at


def _made(
    data: memoryview,
    spans: dict[int, _Span],
    writing: Writing,
    edited: Edited,
    *,
    is_utf_8: bool = False,
) -> dict[int, bytes]:
    """New elements, whole, by tag."""
    made = {int(key, 16): writing.element(key, element) for key, element in edited.now.items()}
    if is_utf_8:
        made[SPECIFIC_CHARACTER_SET] = writing.framed(SPECIFIC_CHARACTER_SET, "CS", UTF_8)
    tag = int(ORIGINAL_ATTRIBUTES, 16)
    items = _items(data, spans.get(tag), writing.encoding)
    seen: set[int] = set()
    for change in edited.changes:
        before = {int(key, 16): element for key, element in change.before.items()}
        if is_utf_8 and not seen and SPECIFIC_CHARACTER_SET in spans:
            before.setdefault(SPECIFIC_CHARACTER_SET, {"vr": "CS"})
        content = b""
        for key in sorted(before):
            span = None if key in seen else spans.get(key)
            known = data[span.start : span.end] if span is not None else None
            content += known if known is not None else writing.element(f"{key:08X}", before[key])
        seen.update(before)
        items += _item(writing, content, change.about)
    made[tag] = writing.framed(tag, "SQ", items)
    return made


def _item(writing: Writing, previous: bytes, about: Any) -> bytes:
    modified = writing.framed(int(MODIFIED_ATTRIBUTES, 16), "SQ", writing.item(previous))
    rest = b"".join(writing.element(key, about[key]) for key in sorted(about))
    return writing.item(modified + rest)


def _items(data: memoryview, span: _Span | None, encoding: Encoding) -> bytes:
    """Items that came with the instance, without the delimiter of their sequence."""
    if span is None:
        return b""
    element = read_element(data, span.start, encoding)
    if element.vr == b"UN":  # its items are in another encoding (PS3.5 6.2.2)
        raise NotAcceptable("the original attributes that came with this instance cannot be kept")
    end = span.end - (_ITEM_HEADER_BYTES if element.length == UNDEFINED_LENGTH else 0)
    return bytes(data[span.value : end])


def _group_lengths(
    data: Buffer, spans: dict[int, _Span], made: dict[int, bytes], encoding: Encoding
) -> dict[int, bytes]:
    """Group lengths that are written, as they are now."""
    grown: dict[int, int] = {}
    for tag, content in made.items():
        span = spans.get(tag)
        standing = span.end - span.start if span is not None else 0
        group = tag & 0xFFFF0000
        grown[group] = grown.get(group, 0) + len(content) - standing
    order = ">I" if encoding.big_endian else "<I"
    lengths: dict[int, bytes] = {}
    for group, more in grown.items():
        span = spans.get(group)
        if span is None or span.end - span.value != 4:
            continue
        (standing,) = struct.unpack(order, bytes(data[span.value : span.end]))
        head = bytes(data[span.start : span.value])
        lengths[group] = head + struct.pack(order, max(0, standing + more) & 0xFFFFFFFF)
    return lengths


def _pieces(
    data: memoryview, end: int, spans: dict[int, _Span], made: dict[int, bytes]
) -> list[memoryview | bytes]:
    """The data set (and what stands before it) with the new elements where they belong, in the order of tags."""
    cuts: list[tuple[int, int, int, bytes]] = []
    for tag, content in made.items():
        span = spans.get(tag)
        if span is not None:
            cuts.append((span.start, span.end, tag, content))
        else:
            later = (one.start for known, one in spans.items() if known > tag)
            place = min(later, default=end)
            cuts.append((place, place, tag, content))
    pieces: list[memoryview | bytes] = []
    at = 0
    for place, stop, _, content in sorted(cuts, key=lambda cut: (cut[0], cut[1], cut[2])):
        pieces += [data[at:place], content]
        at = stop
    pieces.append(data[at:])
    return [piece for piece in pieces if len(piece)]

"""The header scan's quick way: clean little-endian data sets, at a fraction of a microsecond per element.

Whatever is odd raises Odd and is left to the careful walk, which must find the same in clean data.
"""

from isocenter.dicom.attributes import ATTRIBUTES
from isocenter.dicom.encoding import (
    DELIMITER_GROUP,
    EXPLICIT_HEAD,
    FORMS,
    IMPLICIT_HEAD,
    ITEM,
    ITEM_END,
    PIXEL_TAGS,
    SEQUENCE_END,
    Buffer,
    Form,
)
from isocenter.dicom.fragments import walk_fragments
from isocenter.dicom.limits import LEAF_MAX_BYTES, UNDEFINED_LENGTH, ScanLimits
from isocenter.dicom.walk import EXTENDED_OFFSET_TABLE, WANTED, PixelSpan, Walk

QUICK_BYTES = 1 << 20  # a longer header is walked with its elements counted

_explicit_head = EXPLICIT_HEAD[False].unpack_from
_implicit_head = IMPLICIT_HEAD[False].unpack_from
_SEQUENCES = frozenset(tag for tag, attribute in ATTRIBUTES.items() if attribute.vr == "SQ")
_IMPLICIT_SPECIAL = (
    WANTED | _SEQUENCES | PIXEL_TAGS | {EXTENDED_OFFSET_TABLE, ITEM, ITEM_END, SEQUENCE_END}
)
_VRS = frozenset(FORMS)
_SHORT = Form.SHORT
_MAX_DEPTH = 16
_DELIMITERS = DELIMITER_GROUP << 16  # the greatest tags, and only the end of an item is expected


class Odd(Exception):
    """The data set is not of the clean kind this walk is for; says nothing about whether it is usable."""


class QuickWalk:
    """One walk over one data set; `Walk.findings` stays empty."""

    __slots__ = ("_data", "_end", "_explicit", "_limits", "walk")

    def __init__(self, data: Buffer, end: int, limits: ScanLimits, *, explicit: bool) -> None:
        self._data = data
        self._end = end
        self._limits = limits
        self._explicit = explicit
        self.walk = Walk(end=end)

    def run(self, start: int) -> Walk:
        """Walk the data set; raises Odd or struct.error (an element ends outside) when it is not clean."""
        if self._explicit:
            stopped = self._explicit_elements(start, min(self._end, start + QUICK_BYTES), 0)
        else:
            stopped = self._implicit_elements(start, min(self._end, start + QUICK_BYTES), 0)
        if stopped != self._end:
            raise Odd
        return self.walk

    def _explicit_elements(self, at: int, end: int, depth: int) -> int:
        """Walk up to `end`; gives where it stopped, negative when an item delimiter stopped it."""
        data = self._data
        wanted: frozenset[int] = frozenset() if depth else WANTED
        before = -1
        lengths = 0
        while at < end:
            group, element, vr, length, long_length = _explicit_head(data, at)
            tag = group << 16 | element
            if tag <= before:
                raise Odd
            before = tag
            if FORMS.get(vr) is not _SHORT:
                at = self._explicit_long(tag, vr, long_length, at, depth)
                if at < 0:
                    break
                continue
            at += 8
            lengths |= length
            if tag in wanted:
                self.walk.values[tag] = bytes(data[at : at + length])
            elif length > LEAF_MAX_BYTES:
                self.walk.holes.append((at, at + length))
            at += length
        if lengths & 1 or (at >= 0 and before >= _DELIMITERS):
            raise Odd
        return at

    def _explicit_long(self, tag: int, vr: bytes, length: int, at: int, depth: int) -> int:
        if tag == ITEM_END and depth:
            return -(at + 8)
        if vr == b"SQ":
            return self._items(at + 12, length, depth)
        if (
            FORMS.get(vr) is None
            or tag in WANTED
            or (vr == b"UN" and (length == UNDEFINED_LENGTH or tag in _SEQUENCES))
        ):
            raise Odd
        return self._leaf(tag, at + 12, length, depth)

    def _implicit_elements(self, at: int, end: int, depth: int) -> int:
        data = self._data
        if at < end and bytes(data[at + 4 : at + 6]) in _VRS:
            raise Odd
        before = -1
        lengths = 0
        while at < end:
            group, element, length = _implicit_head(data, at)
            tag = group << 16 | element
            if tag <= before:
                raise Odd
            before = tag
            at += 8
            if length > LEAF_MAX_BYTES or tag in _IMPLICIT_SPECIAL:
                if tag == ITEM_END and depth:
                    at = -at
                    break
                at = self._implicit_special(tag, length, at, depth)
            else:
                lengths |= length
                at += length
        if lengths & 1 or (at >= 0 and before >= _DELIMITERS):
            raise Odd
        return at

    def _implicit_special(self, tag: int, length: int, at: int, depth: int) -> int:
        if tag in _SEQUENCES:
            return self._items(at, length, depth)
        if tag in WANTED and length <= LEAF_MAX_BYTES and not length & 1:
            if not depth:
                self.walk.values[tag] = bytes(self._data[at : at + length])
            return at + length
        return self._leaf(tag, at, length, depth)

    def _leaf(self, tag: int, at: int, length: int, depth: int) -> int:
        if tag in PIXEL_TAGS and not depth:
            return self._pixels(tag, at, length)
        if length & 1 or tag in (ITEM, ITEM_END, SEQUENCE_END):  # undefined is odd too
            raise Odd
        if tag == EXTENDED_OFFSET_TABLE and not depth:
            self.walk.extended_table = bytes(
                self._data[at : at + min(length, 8 * self._limits.max_fragments)]
            )
        if length > LEAF_MAX_BYTES:
            self.walk.holes.append((at, at + length))
        return at + length

    def _pixels(self, tag: int, at: int, length: int) -> int:
        if self.walk.pixels is not None:
            raise Odd
        if length == UNDEFINED_LENGTH:
            fragments = walk_fragments(self._data, at, self._end, self._limits)
            if fragments.truncated:
                raise Odd
            self.walk.pixels = PixelSpan(tag, at, fragments.end, fragments)
            self.walk.holes.append((at, fragments.end))
            return fragments.end + 8
        if length & 1 or at + length > self._end:
            raise Odd
        self.walk.pixels = PixelSpan(tag, at, at + length)
        self.walk.holes.append((at, at + length))
        return at + length

    def _items(self, at: int, length: int, depth: int) -> int:
        undefined = length == UNDEFINED_LENGTH
        end = self._end if undefined else at + length
        if depth >= _MAX_DEPTH or end > self._end:
            raise Odd
        while at < end:
            group, element, item_length = _implicit_head(self._data, at)
            tag = group << 16 | element
            at += 8
            if tag == SEQUENCE_END and undefined:
                return at
            if tag != ITEM:
                raise Odd
            at = self._item(at, item_length, end, depth + 1)
        if at != end or undefined:
            raise Odd
        return at

    def _item(self, at: int, length: int, end: int, depth: int) -> int:
        undefined = length == UNDEFINED_LENGTH
        item_end = end if undefined else at + length
        if item_end > end:
            raise Odd
        walk = self._explicit_elements if self._explicit else self._implicit_elements
        stopped = walk(at, item_end, depth)
        if undefined and stopped < 0:
            return -stopped
        if undefined or stopped != item_end:
            raise Odd
        return stopped

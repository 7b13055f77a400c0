"""The header scan's careful way: any encoding, any oddity that can be read past, everything counted."""

from isocenter.dicom.encoding import (
    ITEM_END,
    PIXEL_TAGS,
    SEQUENCE_END,
    Element,
    Encoding,
    encoding_at,
)
from isocenter.dicom.fragments import Fragments, walk_fragments
from isocenter.dicom.ledger import Ledger
from isocenter.dicom.limits import LEAF_MAX_BYTES, UNDEFINED_LENGTH, ScanLimits
from isocenter.dicom.nested_walk import is_sequence, walk_value
from isocenter.dicom.walk import EXTENDED_OFFSET_TABLE, WANTED, PixelSpan, Segment, Walk
from isocenter.errors import InvalidInstance


class NeedMore(Exception):
    """The segment ends before the data set does, in the middle of something that has to be seen."""


class CarefulWalk:
    """Walks one data set, one segment after the other; offsets in `walk` are the object's.

    Errors: InvalidInstance (`truncated`, `malformed_sequence`, `fragment_not_an_item`), LimitExceeded (`nesting`,
    `too_many_elements`, `header_too_large`, `too_many_fragments`), NeedMore.
    """

    def __init__(self, declared: Encoding, limits: ScanLimits) -> None:
        self._ledger = Ledger(limits)
        self._encoding = declared
        self._before = -1

    @property
    def walk(self) -> Walk:
        """What was found so far."""
        return self._ledger.walk

    def run(self, segment: Segment, *, more: bool = False) -> int:
        """Walk a segment; gives where the walk goes on, in the segment's data.

        With `more`, data follow that are not in the segment; it stops where a value reaches beyond it.
        """
        self._ledger.open(segment)
        if self._before < 0:
            self._settle_encoding(segment.start)
        at = segment.start
        while at < segment.end:
            if more and at + 12 > segment.end:
                raise NeedMore
            stopped = self._element(at, more=more)
            if stopped <= at:
                break
            at = stopped
        self._ledger.close(at)
        return at

    def _settle_encoding(self, at: int) -> None:
        found = encoding_at(self._ledger.data, at, self._encoding)
        if found != self._encoding:
            self._ledger.note(
                "encoding_mismatch", 0, "written with value representations, declared without"
            )
        self._encoding = found

    def _element(self, at: int, *, more: bool) -> int:
        """Walk over one element; gives `at` itself when the data set ends here."""
        ledger = self._ledger
        if ledger.end - at < 8 or bytes(ledger.data[at : at + 8]) == b"\0" * 8:
            ledger.note("trailing_bytes", 0, "bytes after the last element, kept and not read")
            return at
        element = ledger.read(at, self._encoding)
        if element.tag in (ITEM_END, SEQUENCE_END):
            ledger.note("stray_delimiter", element.tag, "a delimiter that ends nothing")
            return element.value
        if element.length != UNDEFINED_LENGTH and element.value + element.length > ledger.end:
            return self._beyond(element, at, more=more)
        if not more:
            return self._within(element)
        if element.length == UNDEFINED_LENGTH and element.tag in PIXEL_TAGS:
            raise NeedMore
        try:
            return self._within(element)
        except InvalidInstance:  # with the rest of the data it may be valid
            raise NeedMore from None

    def _within(self, element: Element) -> int:
        self._before = self._ledger.check_order(element.tag, self._before)
        if element.tag in PIXEL_TAGS:
            return self._pixels(element)
        if element.length != UNDEFINED_LENGTH and not is_sequence(element):
            self._keep(element)
        return walk_value(self._ledger, element, self._ledger.end, self._encoding, 0)

    def _beyond(self, element: Element, at: int, *, more: bool) -> int:
        """Pass over a value that reaches beyond the segment."""
        pixels = element.tag in PIXEL_TAGS
        if more and not pixels and (is_sequence(element) or element.length <= LEAF_MAX_BYTES):
            raise NeedMore
        if not more and not pixels:
            return self._cut_off(element, at)
        self._before = self._ledger.check_order(element.tag, self._before)
        end = element.value + element.length
        if not more:
            self._ledger.note("pixel_data_truncated", element.tag, "shorter than its length says")
            end = self._ledger.end
        return (
            self._native(element, end)
            if pixels
            else self._ledger.leaf(element, end, LEAF_MAX_BYTES)
        )

    def _cut_off(self, element: Element, at: int) -> int:
        if self.walk.pixels is None:
            raise InvalidInstance("the data set ends in the middle of an element", code="truncated")
        self._ledger.note(
            "trailing_element_truncated", element.tag, "cut off after Pixel Data, not read"
        )
        return at

    def _keep(self, element: Element) -> None:
        data, start = self._ledger.data, element.value
        if element.tag in WANTED and element.length <= LEAF_MAX_BYTES:
            self.walk.values.setdefault(element.tag, bytes(data[start : start + element.length]))
        elif element.tag == EXTENDED_OFFSET_TABLE:
            most = min(element.length, 8 * self._ledger.limits.max_fragments)
            self.walk.extended_table = bytes(data[start : start + most])

    def _pixels(self, element: Element) -> int:
        if element.length != UNDEFINED_LENGTH:
            return self._native(element, element.value + element.length)
        ledger = self._ledger
        fragments = walk_fragments(ledger.data, element.value, ledger.end, ledger.limits)
        if fragments.truncated:
            ledger.note("pixel_data_truncated", element.tag, "ends without a sequence delimiter")
        self._found(element, fragments.end, fragments)
        ledger.cut(element.value, fragments.end)
        return fragments.end if fragments.truncated else fragments.end + 8

    def _native(self, element: Element, end: int) -> int:
        self._found(element, end)
        return self._ledger.leaf(element, end, 0)

    def _found(self, element: Element, end: int, fragments: Fragments | None = None) -> None:
        if self.walk.pixels is not None:
            self._ledger.note(
                "several_pixel_data", element.tag, "more than one Pixel Data; the first is used"
            )
            return
        start = self._ledger.in_object(element.value)
        self.walk.pixels = PixelSpan(element.tag, start, self._ledger.in_object(end), fragments)

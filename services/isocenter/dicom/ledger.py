"""What the careful walk keeps count of while it walks: findings, holes, elements, bytes."""

import struct

from isocenter.dicom.attributes import key_of
from isocenter.dicom.encoding import DELIMITER_GROUP, FORMS, Buffer, Element, Encoding, read_element
from isocenter.dicom.limits import ScanLimits
from isocenter.dicom.walk import Segment, Walk
from isocenter.errors import InvalidInstance, LimitExceeded


class Ledger:
    """One data set's `walk`, and the segment of it that is being read; positions are in `data`."""

    def __init__(self, limits: ScanLimits) -> None:
        self.walk = Walk()
        self.limits = limits
        self.data: Buffer = b""
        self.end = 0
        self._shift = 0
        self._elements = 0
        self._header_left = limits.max_header_bytes
        self._header_end = 0

    def open(self, segment: Segment) -> None:
        """Go on in this segment."""
        self.data, self.end, self._shift = segment.data, segment.end, segment.shift
        self._header_end = segment.start + self._header_left

    def close(self, at: int) -> None:
        """Let the segment go; the walk came to `at`."""
        self.walk.end = min(at, self.end) + self._shift
        self._header_left = self._header_end - at
        self.data = b""

    def read(self, at: int, encoding: Encoding) -> Element:
        """Read and count the element at `at`; raises InvalidInstance, LimitExceeded."""
        self._elements += 1
        if self._elements > self.limits.max_elements:
            raise LimitExceeded("too many elements", code="too_many_elements")
        if at > self._header_end:
            raise LimitExceeded("the header is too large", code="header_too_large")
        try:
            element = read_element(self.data, at, encoding)
        except struct.error:
            raise InvalidInstance(
                "the data set ends in the middle of an element", code="truncated"
            ) from None
        if encoding.explicit and element.vr not in FORMS and element.tag >> 16 != DELIMITER_GROUP:
            self._note_vr(element)
        return element

    def _note_vr(self, element: Element) -> None:
        if element.vr:
            self.note(
                "vr_unknown",
                element.tag,
                "written with a value representation the standard does not have",
            )
        else:
            self.note(
                "encoding_mismatch",
                0,
                "elements written without value representations, declared with",
            )

    def note(self, code: str, tag: int, message: str) -> None:
        """Add a finding once."""
        finding = (code, key_of(tag) if tag else "", message)
        findings = self.walk.findings
        if len(findings) < self.limits.max_findings and finding not in findings:
            findings.append(finding)

    def check_order(self, tag: int, before: int) -> int:
        """Note what is out of order; gives the tag the next one has to be greater than."""
        if tag == before:
            self.note("duplicate_element", tag, "written twice; the first is used")
        elif tag < before:
            self.note("out_of_order", tag, "elements are not in ascending order")
        return max(tag, before)

    def leaf(self, element: Element, end: int, most: int) -> int:
        """Pass over a value of the top level or of an item, cutting it when it is longer than `most`; gives `end`."""
        if element.length & 1:
            self.note("odd_length", element.tag, "a value of odd length")
        if end - element.value > most:
            self.cut(element.value, end)
        return end

    def cut(self, start: int, end: int) -> None:
        """Take a value out of the header."""
        if end > start:
            self.walk.holes.append((self.in_object(start), self.in_object(end)))
            self._header_end += end - start

    def in_object(self, at: int) -> int:
        """Give the place in the object of a place in `data`."""
        return at + self._shift

    def mark(self) -> tuple[int, int, int]:
        """Remember holes and findings, for `rollback`."""
        return len(self.walk.holes), self._header_end, len(self.walk.findings)

    def rollback(self, mark: tuple[int, int, int]) -> None:
        """Forget holes and findings since `mark`: what they were found in is not what it seemed."""
        del self.walk.holes[mark[0] :]
        self._header_end = mark[1]
        del self.walk.findings[mark[2] :]

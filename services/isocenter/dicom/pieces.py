"""A header as runs of bytes with holes between them: made by the scan, read by the JSON model."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from isocenter.dicom.limits import ScanLimits
from isocenter.dicom.walk import Segment
from isocenter.errors import Corrupted, LimitExceeded

Piece = tuple[int, bytes]  # offset in the object, content
_PADDING = b"\0" * 12  # an element's header can always be read, even at the end


def cut_pieces(
    segment: Segment, end: int, holes: Iterable[tuple[int, int]], limits: ScanLimits
) -> list[Piece]:
    """Copy what of a segment is no hole, up to `end`; `end` and holes are in the object, holes in ascending order."""
    at = segment.start + segment.shift
    runs: list[tuple[int, int]] = []
    for start, stop in (*holes, (end, end)):
        if start > at:
            runs.append((at, start))
        at = stop
    if sum(stop - start for start, stop in runs) > limits.max_header_bytes:
        raise LimitExceeded("the header is too large", code="header_too_large")
    shift = segment.shift
    return [(start, bytes(segment.data[start - shift : stop - shift])) for start, stop in runs]


class Runs:
    """Pieces put together: `data[:end]`, padded; places in it are called joined, those in the object are offsets."""

    __slots__ = ("_holes_at", "_lengths", "_shifts", "data", "end")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._holes_at: list[int] = []
        self._lengths: list[int] = []
        self._shifts: list[int] = [pieces[0][0] if pieces else 0]
        joined = 0
        for offset, content in pieces:
            gap = offset - (joined + self._shifts[-1])
            if gap < 0:
                raise Corrupted("pieces of a header overlap")
            if gap:
                self._holes_at.append(joined)
                self._lengths.append(gap)
                self._shifts.append(self._shifts[-1] + gap)
            joined += len(content)
        self.end = joined
        self.data = b"".join([*(content for _, content in pieces), _PADDING])

    def offset(self, at: int) -> int:
        """Give the offset in the object of a joined place, of a hole's start where there is one."""
        return at + self._shifts[bisect_left(self._holes_at, at)]

    def hole(self, at: int) -> int:
        """Give the length of the hole at a joined place, 0 when there is none."""
        index = bisect_left(self._holes_at, at)
        return (
            self._lengths[index]
            if index < len(self._holes_at) and self._holes_at[index] == at
            else 0
        )

    def stop(self, at: int, length: int) -> int:
        """Give the joined place where a value of `length` bytes of the object that starts at `at` stops."""
        index = bisect_left(self._holes_at, at)
        stop = at + length
        while index < len(self._holes_at) and self._holes_at[index] < stop:
            stop -= self._lengths[index]
            index += 1
        return stop

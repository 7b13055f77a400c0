"""A stream's segments in order, whichever way they were found."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from isocenter.adapters.journal.names import Segment


def chain_of(segments: Iterable[Segment]) -> list[Segment]:
    """Those that hold a stream, in order; without the ones that another covers, as a merge leaves them for a moment.

    Of segments that begin together the longest goes first; what ends before the longest so far is covered.
    """
    chain: list[Segment] = []
    covered = 0
    for segment in sorted(segments, key=lambda one: (one.first, -(one.last or 0))):
        if segment.last is None or segment.last > covered:
            chain.append(segment)
            covered = max(covered, segment.last or 0)
    return chain


def holding(chain: Sequence[Segment], sequence: int) -> Segment | None:
    """The last segment of a chain that begins at or before `sequence`, unless it is sealed and ends before it."""
    place = bisect_right(chain, sequence, key=lambda segment: segment.first) - 1
    if place < 0:
        return None
    found = chain[place]
    return None if found.last is not None and found.last < sequence else found


def written_since(segments: Iterable[Segment], hour: str) -> list[Segment]:
    """Those of one stream that may hold something written since that hour (`yyyy/mm/dd/hh`), covered ones too.

    A merged segment lies in the hour of its first part, so the last one of an earlier hour may reach into this one.
    """
    mine = list(segments)
    first = max((one.first for one in chain_of(mine) if one.hour < hour), default=0)
    return [one for one in mine if one.last is None or one.last >= first]

"""Reading commits of one stream across its segments, while they are sealed, merged and written."""

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from isocenter.adapters.journal.frames import Frame
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.walking import Pread, Walker
from isocenter.errors import Corrupted, NotFound
from isocenter.ports.journal import Stream

STRIDE_BYTES = 256 << 10
MAX_FILES = 256
MAX_ATTEMPTS = 8


class Content(NamedTuple):
    """Bytes of a segment, as they were at one moment; `identity` is another when they are other bytes."""

    identity: Hashable
    pread: Pread


# Raises NotFound when the segment is not there any more.
Opening = Callable[[Segment], AbstractContextManager[Content]]


class Waypoints:
    """Places of commits in segments: some of each segment, and where the last read stopped. Bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[Hashable, list[tuple[int, int]]] = OrderedDict()

    def before(self, identity: Hashable, sequence: int) -> tuple[int, int] | None:
        """(sequence, offset) of the nearest known commit at or before `sequence`."""
        with self._lock:
            places = self._places.get(identity, [])
            at = bisect_right(places, (sequence, 1 << 62)) - 1
            return places[at] if at >= 0 else None

    def add(self, identity: Hashable, sequence: int, offset: int) -> None:
        """Remember a place; of those near each other only the last is kept."""
        with self._lock:
            places = self._places.setdefault(identity, [])
            self._places.move_to_end(identity)
            if len(self._places) > MAX_FILES:
                self._places.popitem(last=False)
            if places and places[-1][0] >= sequence:
                return
            if len(places) > 1 and offset - places[-2][1] < STRIDE_BYTES:
                places.pop()
            places.append((sequence, offset))

    def forget(self, identity: Hashable) -> None:
        """The segment is not what it was."""
        with self._lock:
            self._places.pop(identity, None)


class StreamReader:
    """Frames of one stream. `find(sequence, again)` gives the segment that holds a sequence; `again`: look anew."""

    def __init__(
        self,
        opening: Opening,
        stream: Stream,
        waypoints: Waypoints,
        find: Callable[[int, bool], Segment | None],
    ) -> None:
        self._opening = opening
        self._stream = stream
        self._waypoints = waypoints
        self._find = find

    def frames(self, sequence: int, through: int) -> Iterator[Frame]:
        """Commits `sequence` to `through`, all of which are known to have been written. Raises Corrupted.

        Names change while we read: a segment is sealed, the next one opened, small ones merged and removed, one is
        replaced by what a purge left of it. So what is not found where it was expected is looked for again.
        """
        attempts = 0
        while sequence <= through:
            before = sequence
            try:
                for frame in self._segment_frames(sequence, through, attempts > 0):
                    sequence = frame.sequence + 1
                    yield frame
            except Corrupted:
                if attempts and sequence == before:
                    raise
            attempts = attempts + 1 if sequence == before else 0
            if attempts == MAX_ATTEMPTS:
                raise Corrupted("a part of the journal is missing", sequence=sequence)

    def _segment_frames(self, sequence: int, through: int, again: bool) -> Iterator[Frame]:
        segment = self._find(sequence, again)
        if segment is None:
            return
        try:
            with self._opening(segment) as content:
                yield from self._walk(content, segment.first, sequence, through)
        except NotFound:
            return

    def _walk(self, content: Content, first: int, sequence: int, through: int) -> Iterator[Frame]:
        walker = self._walker(content, first, sequence)
        while walker.sequence <= through:
            frame = walker.step()
            if frame is None:
                break
            self._waypoints.add(content.identity, walker.sequence, walker.offset)
            if frame.sequence >= sequence:
                yield frame
        if walker.sequence <= through and not walker.ended:
            self._waypoints.forget(content.identity)
            raise Corrupted("a commit of the journal is damaged", sequence=walker.sequence)

    def _walker(self, content: Content, first: int, sequence: int) -> Walker:
        """At the nearest known place, if a commit is still there: a file's inode may be another file by now."""
        identity, pread = content
        known = self._waypoints.before(identity, sequence)
        if known is not None and known[0] > first:
            walker = Walker(pread, self._stream, known[1], known[0])
            if walker.step() is not None or walker.ended:
                walker.return_to(known[1], known[0])
                return walker
            self._waypoints.forget(identity)
        return Walker(pread, self._stream, 0, first)

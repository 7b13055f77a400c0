"""Reading commits of one stream across its segments, while they are sealed, merged and written."""

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.frames import Frame
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.walking import Walker
from isocenter.errors import Corrupted
from isocenter.ports.journal import Stream

STRIDE_BYTES = 256 << 10
MAX_FILES = 256
MAX_ATTEMPTS = 8


class Waypoints:
    """Places of commits in files, by inode: some of each file, and where the last read stopped. Bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[int, list[tuple[int, int]]] = OrderedDict()

    def before(self, inode: int, sequence: int) -> tuple[int, int] | None:
        """(sequence, offset) of the nearest known commit at or before `sequence`."""
        with self._lock:
            places = self._places.get(inode, [])
            at = bisect_right(places, (sequence, 1 << 62)) - 1
            return places[at] if at >= 0 else None

    def add(self, inode: int, sequence: int, offset: int) -> None:
        """Remember a place; of those near each other only the last is kept."""
        with self._lock:
            places = self._places.setdefault(inode, [])
            self._places.move_to_end(inode)
            if len(self._places) > MAX_FILES:
                self._places.popitem(last=False)
            if places and places[-1][0] >= sequence:
                return
            if len(places) > 1 and offset - places[-2][1] < STRIDE_BYTES:
                places.pop()
            places.append((sequence, offset))

    def forget(self, inode: int) -> None:
        """The file is not what it was."""
        with self._lock:
            self._places.pop(inode, None)


class StreamReader:
    """Frames of one stream. `find(sequence, again)` gives the segment that holds a sequence; `again`: look anew."""

    def __init__(
        self,
        disk: Disk,
        stream: Stream,
        waypoints: Waypoints,
        find: Callable[[int, bool], Segment | None],
    ) -> None:
        self._disk = disk
        self._stream = stream
        self._waypoints = waypoints
        self._find = find

    def frames(self, sequence: int, through: int) -> Iterator[Frame]:
        """Commits `sequence` to `through`, all of which are known to have been written. Raises Corrupted.

        Names change while we read: a segment is sealed, the next one opened, small ones merged and removed. So what
        is not found where it was expected is looked for again.
        """
        attempts = 0
        while sequence <= through:
            before = sequence
            for frame in self._segment_frames(sequence, through, attempts > 0):
                sequence = frame.sequence + 1
                yield frame
            attempts = attempts + 1 if sequence == before else 0
            if attempts == MAX_ATTEMPTS:
                raise Corrupted("a part of the journal is missing", sequence=sequence)

    def _segment_frames(self, sequence: int, through: int, again: bool) -> Iterator[Frame]:
        segment = self._find(sequence, again)
        if segment is None:
            return
        try:
            fd = self._disk.open(segment.path, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            yield from self._walk(fd, segment.first, sequence, through)
        finally:
            self._disk.close(fd)

    def _walk(self, fd: int, first: int, sequence: int, through: int) -> Iterator[Frame]:
        inode = self._disk.open_status(fd).inode
        walker = self._walker(fd, inode, first, sequence)
        while walker.sequence <= through:
            frame = walker.step()
            if frame is None:
                break
            self._waypoints.add(inode, walker.sequence, walker.offset)
            if frame.sequence >= sequence:
                yield frame
        if walker.sequence <= through and not walker.ended:
            raise Corrupted("a commit of the journal is damaged", sequence=walker.sequence)

    def _walker(self, fd: int, inode: int, first: int, sequence: int) -> Walker:
        """At the nearest known place, if a commit is still there: an inode may be another file by now."""
        known = self._waypoints.before(inode, sequence)
        if known is not None and known[0] > first:
            place = (self._disk, fd, self._stream, known[1], known[0])
            probe = Walker(*place)
            if probe.step() is not None or probe.ended:
                return Walker(*place)
            self._waypoints.forget(inode)
        return Walker(self._disk, fd, self._stream, 0, first)

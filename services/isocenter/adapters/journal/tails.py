"""The end of one stream, followed while its last segment grows."""

import os
from functools import partial

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.journal.catalogue import Catalogue
from isocenter.adapters.journal.frames import END, HEADER_BYTES, parse_heading, proven, seed_of
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.walking import Walker, survivor_follows
from isocenter.ports.journal import Stream


class Tail:
    """Knows the last durable commit of a stream. Nothing new costs one read of four bytes.

    `high_version` is the greatest version in the segment that is followed and before it; 0 while none is followed.

    What was found beyond the last look is synced before it is told: its writer may still wait for its own sync, and
    a projection must never hold what the journal may lose.
    """

    def __init__(self, disk: Disk, catalogue: Catalogue, stream: Stream) -> None:
        self.end = 0
        self.high_version = 0
        self._disk = disk
        self._catalogue = catalogue
        self._stream = stream
        self._segment: Segment | None = None
        self._fd = -1
        self._walker: Walker | None = None

    def advance(self) -> int:
        """Last durable sequence as it is now. A damaged commit counts, so that reading it tells."""
        while self._follow():
            walker = self._walker
            if walker is None:
                break
            self._catch_up(walker)
            if not walker.ended:
                break
            self._release()
        return self.end

    def close(self) -> None:
        """Let go of the open segment."""
        if self._fd >= 0:
            self._disk.close(self._fd)
        self._fd, self._walker = -1, None

    def _release(self) -> None:
        """The writer sealed it; soon, if not yet, it is found under its final name."""
        if self._segment is not None:
            self._catalogue.relist(self._segment.folder)
            self._segment = self._segment.sealed(self.end)
        self.close()

    def _follow(self) -> bool:
        """Be at the stream's last segment, open when that one is; False when there is nothing to read in it."""
        chain = self._catalogue.chain(self._stream)
        last = chain[-1] if chain else None
        if last is None or self._is_done(last):
            return False
        if self._walker is not None and self._segment is not None:
            if last.first == self._segment.first:
                return True
            self.close()
        if last.last is not None:
            self._segment, self.end = last, max(self.end, last.last)
            return False
        return self._open(last)

    def _is_done(self, last: Segment) -> bool:
        """Read to its end mark before, under whatever name."""
        known = self._segment
        return (
            known is not None and known.last is not None and known.last >= (last.last or last.first)
        )

    def _open(self, last: Segment) -> bool:
        try:
            self._fd = self._disk.open(last.path, os.O_RDONLY)
        except FileNotFoundError:  # sealed or dropped this moment
            self._catalogue.relist(last.folder)
            chain = self._catalogue.chain(self._stream)
            return bool(chain) and chain[-1] != last and self._follow()
        self._segment = last
        self._walker = Walker(partial(self._disk.pread, self._fd), self._stream, 0, last.first)
        self.end = max(self.end, last.first - 1)
        return True

    def _catch_up(self, walker: Walker) -> None:
        if not walker.begun():
            return
        walker.refresh()
        before = walker.sequence
        while walker.step() is not None:
            pass
        if walker.sequence > before:
            self._sync()
        self.high_version = max(self.high_version, walker.high_version)
        self.end = max(self.end, walker.sequence - 1)
        if not walker.ended and walker.begun() and self._is_damaged(walker):
            self.end = max(self.end, walker.sequence)

    def _sync(self) -> None:
        try:
            self._disk.fdatasync(self._fd)
        except OSError as error:
            raise storage_error(error) from error

    def _is_damaged(self, walker: Walker) -> bool:
        """Something is there that is no commit, and a commit follows; and not because it was just being written."""
        place = (partial(self._disk.pread, self._fd), self._stream, walker.offset)
        if not survivor_follows(*place, walker.sequence):
            return False
        again = Walker(*place, walker.sequence)
        return again.step() is None and not again.ended


def sealed_version(disk: Disk, segment: Segment) -> int:
    """Greatest version in a sealed segment and those before it: from the end mark, else from every commit."""
    fd = disk.open(segment.path, os.O_RDONLY)
    try:
        mark = disk.pread(fd, HEADER_BYTES, disk.open_status(fd).size_bytes - HEADER_BYTES)
        heading = parse_heading(mark)
        if heading and heading.mark == END and proven(seed_of(segment.stream), heading, mark, b""):
            return heading.high_version
        walker = Walker(partial(disk.pread, fd), segment.stream, 0, segment.first)
        while walker.step() is not None:
            pass
        return walker.high_version
    finally:
        disk.close(fd)

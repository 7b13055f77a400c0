"""Steps through a segment from one proven commit to the next."""

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.frames import (
    COMMIT,
    END,
    HEADER_BYTES,
    Frame,
    Heading,
    parse_heading,
    proven,
    seed_of,
)
from isocenter.ports.journal import Stream

FIRST_CHUNK_BYTES = 64 << 10  # a reader that follows wants little
CHUNK_BYTES = 1 << 20


class Walker:
    """A place in an open file, `offset`, where commit `sequence` is expected. `ended` once the end mark was passed."""

    def __init__(self, disk: Disk, fd: int, stream: Stream, offset: int, sequence: int) -> None:
        self.offset = offset
        self.sequence = sequence
        self.high_version = 0
        self.ended = False
        self._disk = disk
        self._fd = fd
        self._seed = seed_of(stream)
        self._chunk = b""
        self._chunk_offset = 0
        self._chunk_bytes = FIRST_CHUNK_BYTES

    def step(self) -> Frame | None:
        """The next commit, or None where the proven ones stop: at the end mark, zeros, the end of file, or damage."""
        header = self._bytes(HEADER_BYTES)
        heading = parse_heading(header)
        if heading is None or self.ended:
            return None
        body = self._bytes(heading.body_bytes, HEADER_BYTES)
        if not proven(self._seed, heading, header, body):
            return None
        return self._pass(heading, body)

    def refresh(self) -> None:
        """Forget what was read: the file may have grown."""
        self._chunk = b""

    def begun(self) -> bool:
        """Tell, with one small read, whether something was written at `offset`."""
        return self._disk.pread(self._fd, len(COMMIT), self.offset).strip(b"\0") != b""

    def _pass(self, heading: Heading, body: bytes) -> Frame | None:
        if heading.mark == END:
            self.ended = heading.sequence == self.sequence - 1
            return None
        if heading.sequence != self.sequence:
            return None
        self.offset += HEADER_BYTES + len(body)
        self.sequence += 1
        self.high_version = heading.high_version
        return Frame(heading.sequence, heading.high_version, heading.entries, body)

    def _bytes(self, size: int, skip: int = 0) -> bytes:
        start = self.offset + skip - self._chunk_offset
        if not (start >= 0 and start + size <= len(self._chunk)):
            self._chunk_offset = self.offset + skip
            wanted = max(size, self._chunk_bytes)
            self._chunk = self._disk.pread(self._fd, wanted, self._chunk_offset)
            self._chunk_bytes = CHUNK_BYTES
            start = 0
        return self._chunk[start : start + size]


def survivor_follows(disk: Disk, fd: int, stream: Stream, offset: int, sequence: int) -> bool:
    """Tell whether a proven commit later than `sequence` lies beyond `offset`: then what is at `offset` was damaged.

    A torn tail has nothing after it: one commit is under way at a time.
    """
    overlap = len(COMMIT) - 1
    while chunk := disk.pread(fd, CHUNK_BYTES, offset):
        place = chunk.find(COMMIT)
        while place >= 0:
            if _commit_at(disk, fd, stream, offset + place) > sequence:
                return True
            place = chunk.find(COMMIT, place + 1)
        if len(chunk) <= overlap:
            break
        offset += len(chunk) - overlap
    return False


def _commit_at(disk: Disk, fd: int, stream: Stream, offset: int) -> int:
    heading = parse_heading(disk.pread(fd, HEADER_BYTES, offset))
    if heading is None:
        return 0
    walker = Walker(disk, fd, stream, offset, heading.sequence)
    return heading.sequence if walker.step() is not None else 0

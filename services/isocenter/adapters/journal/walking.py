"""Steps through a segment from one proven commit to the next, wherever its bytes are."""

from collections.abc import Callable, Iterator

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
from isocenter.adapters.journal.names import Segment
from isocenter.errors import Corrupted
from isocenter.ports.journal import Stream

FIRST_CHUNK_BYTES = 64 << 10  # a reader that follows wants little
CHUNK_BYTES = 1 << 20
# (size, offset): at most so many bytes from there, fewer at the end of the segment
Pread = Callable[[int, int], bytes]


class Walker:
    """A place in a segment, `offset`, where commit `sequence` is expected. `ended` once the end mark was passed."""

    def __init__(self, pread: Pread, stream: Stream, offset: int, sequence: int) -> None:
        self.offset = offset
        self.sequence = sequence
        self.high_version = 0
        self.ended = False
        self._pread = pread
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

    def return_to(self, offset: int, sequence: int) -> None:
        """Be where it was before."""
        self.offset, self.sequence, self.ended = offset, sequence, False

    def refresh(self) -> None:
        """Forget what was read: the file may have grown."""
        self._chunk = b""

    def begun(self) -> bool:
        """Tell, with one small read, whether something was written at `offset`."""
        return self._pread(len(COMMIT), self.offset).strip(b"\0") != b""

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
            self._chunk = self._pread(wanted, self._chunk_offset)
            self._chunk_bytes = CHUNK_BYTES
            start = 0
        return self._chunk[start : start + size]


def frames_of(pread: Pread, segment: Segment) -> Iterator[Frame]:
    """All commits of a segment; of a sealed one up to its end mark, or Corrupted is raised."""
    walker = Walker(pread, segment.stream, 0, segment.first)
    while (frame := walker.step()) is not None:
        yield frame
    if segment.last is not None and not (walker.ended and walker.sequence - 1 == segment.last):
        raise Corrupted("a sealed segment does not end as it should", sequence=walker.sequence)


def survivor_follows(pread: Pread, stream: Stream, offset: int, sequence: int) -> bool:
    """Tell whether a proven commit later than `sequence` lies beyond `offset`: then what is at `offset` was damaged.

    A torn tail has nothing after it: one commit is under way at a time.
    """
    overlap = len(COMMIT) - 1
    while chunk := pread(CHUNK_BYTES, offset):
        place = chunk.find(COMMIT)
        while place >= 0:
            if _commit_at(pread, stream, offset + place) > sequence:
                return True
            place = chunk.find(COMMIT, place + 1)
        if len(chunk) <= overlap:
            break
        offset += len(chunk) - overlap
    return False


def _commit_at(pread: Pread, stream: Stream, offset: int) -> int:
    heading = parse_heading(pread(HEADER_BYTES, offset))
    if heading is None:
        return 0
    walker = Walker(pread, stream, offset, heading.sequence)
    return heading.sequence if walker.step() is not None else 0

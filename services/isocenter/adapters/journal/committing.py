"""Calls of many threads become the commits of one stream: numbered without gaps, one at a time, shared when busy."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from isocenter.adapters.grouping import Grouping
from isocenter.adapters.journal.frames import MAX_BODY_BYTES, Frame, encode_entries
from isocenter.errors import LimitExceeded, StorageFailed
from isocenter.ports.journal import Entry, Position, Stream

GROUP_BYTES = 4 << 20  # of one commit, unless one call alone is larger


class _Part(NamedTuple):
    """What one call adds to a commit; None for the call that closes."""

    body: bytes | None
    entries: int
    high_version: int


class Commits:
    """`write` makes one commit durable, or raises: StorageFailed ends the stream, after others nothing was written.

    `sequence` and `high_version` are those of the last commit; `end` is called by `close`, after all of them.
    """

    def __init__(
        self, stream: Stream, write: Callable[[Frame], None], end: Callable[[], None]
    ) -> None:
        self.sequence = 0
        self.high_version = 0
        self._stream = stream
        self._write = write
        self._end = end
        self._group = Grouping(self._commit, lambda part: len(part.body or b""), GROUP_BYTES)
        self._failed: StorageFailed | None = None

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Commit all entries together. Raises LimitExceeded above 96 MiB."""
        if not entries:
            return []
        body = encode_entries(entries)
        if len(body) > MAX_BODY_BYTES:
            raise LimitExceeded("too much for one commit", max_bytes=MAX_BODY_BYTES)
        high_version = max(entry.version for entry in entries)
        sequence, index = self._group.run(_Part(body, len(entries), high_version))
        node, epoch = self._stream
        return [Position(node, epoch, sequence, index + i) for i in range(len(entries))]

    def close(self) -> None:
        """Call `end` after the commits under way, unless the stream has ended by itself."""
        if self._failed is None:
            self._group.run(_Part(None, 0, 0))

    def _commit(self, parts: list[_Part]) -> list[tuple[int, int]]:
        """Write one frame with all parts; returns (sequence, index of the first entry) of each."""
        if self._failed is not None:
            if all(part.body is None for part in parts):
                return [(0, 0)] * len(parts)
            raise type(self._failed)("the stream has ended after a failed write")
        try:
            placed = self._place([part for part in parts if part.body is not None])
            if len(placed) < len(parts):
                self._end()
        except StorageFailed as error:
            self._failed = error
            raise
        places = iter(placed)
        return [(0, 0) if part.body is None else next(places) for part in parts]

    def _place(self, parts: list[_Part]) -> list[tuple[int, int]]:
        if not parts:
            return []
        sequence = self.sequence + 1
        high = max(self.high_version, *(part.high_version for part in parts))
        places, count = [], 0
        for part in parts:
            places.append((sequence, count))
            count += part.entries
        body = b"".join([part.body or b"" for part in parts])
        self._write(Frame(sequence, high, count, body))
        self.sequence, self.high_version = sequence, high
        return places

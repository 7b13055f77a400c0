"""The writing end of a stream on files: group commit into segments that roll by hour and size."""

from collections.abc import Sequence
from typing import NamedTuple

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.grouping import Grouping
from isocenter.adapters.journal.frames import MAX_BODY_BYTES, Frame, encode, encode_entries, seed_of
from isocenter.adapters.journal.names import HOUR_MS, hour_folder
from isocenter.adapters.journal.segments import OpenSegment
from isocenter.errors import LimitExceeded, StorageFailed
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Position, Stream

SEGMENT_BYTES = 64 << 20
GROUP_BYTES = 4 << 20  # of one commit, unless one call alone is larger


class _Part(NamedTuple):
    """What one call adds to a commit; None for the call that closes."""

    body: bytes | None
    entries: int
    high_version: int


class FileJournalWriter:
    """`ports.journal.JournalWriter`. Also raises OutOfSpace: then nothing was written and the stream goes on."""

    def __init__(
        self, disk: Disk, folders: DurableFolders, root: str, stream: Stream, clock: Clock
    ) -> None:
        self.stream = stream
        self._disk = disk
        self._folders = folders
        self._root = root
        self._clock = clock
        self._seed = seed_of(stream)
        self._group = Grouping(self._commit, lambda part: len(part.body or b""), GROUP_BYTES)
        self._segment: OpenSegment | None = None
        self._hour = 0
        self._sequence = 0
        self._high_version = 0
        self._failed = False

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Commit all entries together. Raises LimitExceeded above 96 MiB."""
        if not entries:
            return []
        body = encode_entries(entries)
        if len(body) > MAX_BODY_BYTES:
            raise LimitExceeded("too much for one commit", max_bytes=MAX_BODY_BYTES)
        high_version = max(entry.version for entry in entries)
        sequence, index = self._group.run(_Part(body, len(entries), high_version))
        node, epoch = self.stream
        return [Position(node, epoch, sequence, index + i) for i in range(len(entries))]

    def close(self) -> None:
        """Seal the open segment after the commits under way."""
        if not self._failed:
            self._group.run(_Part(None, 0, 0))

    def _commit(self, parts: list[_Part]) -> list[tuple[int, int]]:
        """Write one frame with all parts; returns (sequence, index of the first entry) of each."""
        if self._failed:
            raise StorageFailed("the stream has ended after a failed sync")
        try:
            placed = self._write([part for part in parts if part.body is not None])
            if len(placed) < len(parts):
                self._seal()
        except StorageFailed:
            self._failed = True
            raise
        except OSError as error:  # from opening or renaming a segment
            raise storage_error(error) from error
        places = iter(placed)
        return [(0, 0) if part.body is None else next(places) for part in parts]

    def _write(self, parts: list[_Part]) -> list[tuple[int, int]]:
        if not parts:
            return []
        sequence = self._sequence + 1
        high = max(self._high_version, *(part.high_version for part in parts))
        places, count = [], 0
        for part in parts:
            places.append((sequence, count))
            count += part.entries
        body = b"".join([part.body or b"" for part in parts])
        frame = encode(self._seed, Frame(sequence, high, count, body))
        self._place_for(len(frame)).append(frame)
        self._sequence, self._high_version = sequence, high
        return places

    def _place_for(self, size: int) -> OpenSegment:
        hour = self._clock.now_ms() // HOUR_MS
        current = self._segment
        if current is not None and self._is_over(current, hour, size):
            self._seal()
        if self._segment is None:
            self._segment = OpenSegment(
                self._disk,
                self._folders,
                self._root,
                self.stream,
                self._sequence + 1,
                hour_folder(hour * HOUR_MS),
            )
            self._hour = hour
        return self._segment

    def _is_over(self, segment: OpenSegment, hour: int, size: int) -> bool:
        full = segment.size_bytes > 0 and segment.size_bytes + size > SEGMENT_BYTES
        return full or (hour != self._hour and segment.size_bytes > 0)

    def _seal(self) -> None:
        segment = self._segment
        if segment is None:
            return
        if segment.size_bytes:
            segment.seal(self._sequence, self._high_version)
        else:
            segment.drop()
        self._segment = None

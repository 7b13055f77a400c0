"""The writing end of a stream on files: commits go into segments that roll by hour and size."""

from collections.abc import Sequence

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal.committing import Commits
from isocenter.adapters.journal.frames import Frame, encode, seed_of
from isocenter.adapters.journal.names import HOUR_MS, hour_folder
from isocenter.adapters.journal.segments import OpenSegment
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Position, Stream

SEGMENT_BYTES = 64 << 20


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
        self._commits = Commits(stream, self._write, self._end)
        self._segment: OpenSegment | None = None
        self._hour = 0

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Commit all entries together. Raises LimitExceeded above 96 MiB."""
        return self._commits.append(entries)

    def close(self) -> None:
        """Seal the open segment after the commits under way."""
        self._commits.close()

    def _write(self, frame: Frame) -> None:
        try:
            content = encode(self._seed, frame)
            self._place_for(len(content), frame.sequence).append(content)
        except OSError as error:  # from opening or renaming a segment
            raise storage_error(error) from error

    def _end(self) -> None:
        try:
            self._seal()
        except OSError as error:
            raise storage_error(error) from error

    def _place_for(self, size: int, sequence: int) -> OpenSegment:
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
                sequence,
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
            segment.seal(self._commits.sequence, self._commits.high_version)
        else:
            segment.drop()
        self._segment = None

"""Journal on files of a POSIX file system; any number of processes write their own streams and read all of them."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from isocenter.adapters.disk import Disk
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal import merging, redacting, sealing
from isocenter.adapters.journal.catalogue import Catalogue
from isocenter.adapters.journal.chains import holding, written_since
from isocenter.adapters.journal.frames import Frame, records
from isocenter.adapters.journal.names import Segment, hour_folder, new_stream
from isocenter.adapters.journal.reading import MAX_ATTEMPTS, Content, StreamReader, Waypoints
from isocenter.adapters.journal.tails import Tail, sealed_version
from isocenter.adapters.journal.writing import FileJournalWriter
from isocenter.errors import NotFound
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Record, Stream


class FileJournal:
    """`ports.journal.Journal` in `<root>/journal`; `root` must exist. The clock's wall time names the folders."""

    def __init__(self, root: Path, clock: Clock, disk: Disk | None = None) -> None:
        self._root = str(root)
        self._clock = clock
        self._disk = disk or Disk()
        self._folders = DurableFolders(self._disk, self._root)
        self._lock = threading.Lock()
        self._rewriting = threading.Lock()  # a merge must not bring back what is being redacted
        self._catalogue = Catalogue(self._disk, self._root)
        self._tails: dict[Stream, Tail] = {}
        self._waypoints = Waypoints()

    def writer(self, node: str) -> FileJournalWriter:
        """Start a stream; its first file comes with its first commit."""
        return FileJournalWriter(
            self._disk, self._folders, self._root, new_stream(node), self._clock
        )

    def ends(self) -> dict[Stream, int]:
        """One look at a file for news, and one small read for each stream that is being written."""
        with self._lock:
            self._catalogue.refresh()
            streams = self._catalogue.streams()
            for gone in self._tails.keys() - set(streams):
                self._tails.pop(gone).close()
            return {stream: self._tail(stream).advance() for stream in streams}

    def read(self, stream: Stream, after: int = 0, through: int | None = None) -> Iterator[Record]:
        """Records in order. The end is looked up by this call, not later; raises NotFound."""
        frames = self.frames(stream, after, through)
        return (record for frame in frames for record in records(stream, frame))

    def frames(self, stream: Stream, after: int = 0, through: int | None = None) -> Iterator[Frame]:
        """The same as whole commits, kinds of a later release among them: for copying."""
        with self._lock:
            end = self._end(stream, through)
        reader = StreamReader(
            self._open,
            stream,
            self._waypoints,
            lambda sequence, again: self._find(stream, sequence, again),
        )
        last = end if through is None else min(through, end)
        return reader.frames(max(after, 0) + 1, last)

    def latest_version(self) -> int:
        """Greatest version of all streams, from their last segments."""
        self.ends()
        with self._lock:
            return max((self._version(stream) for stream in self._catalogue.streams()), default=0)

    def seal_abandoned(self, older_than_s: float) -> int:
        """Seal what writers left that are gone, then merge small neighbours; only files that rest as long."""
        with self._rewriting:
            return self._tidy(older_than_s)

    def _tidy(self, older_than_s: float) -> int:
        before_ms = self._clock.now_ms() - int(older_than_s * 1000)
        place = (self._disk, self._folders, self._root)
        with self._lock:
            self._catalogue.refresh()
            segments = list(self._catalogue.all())
        changed = sealing.seal(*place, segments, before_ms)
        with self._lock:
            self._catalogue.refresh()
            chains = [self._catalogue.chain(stream) for stream in self._catalogue.streams()]
        return changed + merging.merge(*place, chains, before_ms)

    def redact(self, unwanted: Callable[[Entry], bool], since_ms: int) -> int:
        """Rewrite segment by segment, until a look at all of them finds nothing that a merge brought back."""
        with self._rewriting:
            return self._redact(unwanted, since_ms)

    def _redact(self, unwanted: Callable[[Entry], bool], since_ms: int) -> int:
        hour = hour_folder(since_ms)
        while True:
            with self._lock:
                self._catalogue.refresh()
                streams = [self._catalogue.of(one) for one in self._catalogue.streams()]
            segments = [one for stream in streams for one in written_since(stream, hour)]
            done, left = redacting.redact(self._disk, self._folders, segments, unwanted)
            if not done:
                return left

    def close(self) -> None:
        """Let go of open files."""
        with self._lock:
            for tail in self._tails.values():
                tail.close()
            self._tails.clear()

    @contextlib.contextmanager
    def _open(self, segment: Segment) -> Iterator[Content]:
        try:
            fd = self._disk.open(segment.path, os.O_RDONLY)
        except FileNotFoundError as error:
            raise NotFound from error
        try:
            yield Content(self._disk.open_status(fd).inode, partial(self._disk.pread, fd))
        finally:
            self._disk.close(fd)

    def _tail(self, stream: Stream) -> Tail:
        tail = self._tails.get(stream)
        if tail is None:
            tail = self._tails[stream] = Tail(self._disk, self._catalogue, stream)
        return tail

    def _end(self, stream: Stream, through: int | None) -> int:
        known = self._tails.get(stream)
        if known is not None and through is not None and through <= known.end:
            return known.end
        self._catalogue.refresh()
        if not self._catalogue.chain(stream):
            raise NotFound("no such stream")
        return self._tail(stream).advance()

    def _find(self, stream: Stream, sequence: int, again: bool) -> Segment | None:
        with self._lock:
            if again:
                self._look_anew(stream)
            return holding(self._catalogue.chain(stream), sequence)

    def _look_anew(self, stream: Stream) -> None:
        for segment in self._catalogue.chain(stream):
            self._catalogue.relist(segment.folder)
        self._catalogue.refresh()

    def _version(self, stream: Stream) -> int:
        for _ in range(MAX_ATTEMPTS):
            chain = self._catalogue.chain(stream)
            if not chain or chain[-1].last is None:
                break
            with contextlib.suppress(FileNotFoundError):  # merged this moment
                return sealed_version(self._disk, chain[-1])
            self._look_anew(stream)
        return self._tail(stream).high_version

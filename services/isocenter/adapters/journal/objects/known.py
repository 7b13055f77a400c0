"""What one process knows of the journal's segments."""

import threading
from collections.abc import Callable, Iterable, Sequence

from isocenter.adapters.journal.chains import chain_of, holding
from isocenter.adapters.journal.names import FOLDER, Segment
from isocenter.ports.journal import Stream


class Known:
    """Safe to use from many threads. What was once told of an end stays true, whatever is merged or lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of each segment, since when it is known: monotonic seconds.
        self._streams: dict[Stream, dict[Segment, float]] = {}
        self._chains: dict[Stream, list[Segment]] = {}
        self._newest: dict[tuple[str, Stream], str] = {}
        self._ends: dict[Stream, int] = {}
        self._changed: set[Stream] = set()

    def ends(self) -> dict[Stream, int]:
        """Last sequence of every stream."""
        with self._lock:
            return dict(self._ends)

    def end(self, stream: Stream) -> int:
        """Last sequence; 0 when no segment is known."""
        return self._ends.get(stream, 0)

    def newest(self, folder: str, stream: Stream) -> str:
        """Key of the last segment known there."""
        return self._newest.get((folder, stream), "")

    def chain(self, stream: Stream) -> list[Segment]:
        """A copy of the stream's chain."""
        with self._lock:
            return list(self._chain(stream))

    def of(self, stream: Stream) -> dict[Segment, float]:
        """A copy of all its segments, covered ones too, with the time since when each is known."""
        with self._lock:
            return dict(self._streams.get(stream, {}))

    def holding(self, stream: Stream, sequence: int) -> Segment | None:
        """The segment in which a commit lies."""
        with self._lock:
            return holding(self._chain(stream), sequence)

    def changed(self) -> set[Stream]:
        """Streams of which something was learned since the last call."""
        with self._lock:
            taken, self._changed = self._changed, set()
            return taken

    def gaps(self, stream: Stream) -> list[int]:
        """Commits from which on some are missing."""
        missing, expected = [], 1
        for segment in self.chain(stream):
            if segment.first > expected:
                missing.append(expected)
            expected = (segment.last or 0) + 1
        return missing

    def add(self, segment: Segment, now_s: float) -> bool:
        """Learn of one more; tells whether it follows on what was known of its stream."""
        with self._lock:
            chain = self._chain(segment.stream)
            end = chain[-1].last or 0 if chain else 0
            self._take(segment, now_s)
            if segment.first == end + 1:
                chain.append(segment)
                return True
            self._chains.pop(segment.stream, None)
            return False

    def replace(self, stream: Stream, prefix: str, found: Iterable[Segment], now_s: float) -> None:
        """Learn all that there is of a stream with keys that start with `prefix`."""
        with self._lock:
            self._relearn(stream, lambda one: one.path.startswith(prefix), found, now_s)

    def replace_since(self, hour: str, found: Iterable[Segment], now_s: float) -> set[Stream]:
        """Learn all that there is in that hour and later ones; returns the streams that changed."""
        start = f"{FOLDER}/{hour}"
        by_stream: dict[Stream, list[Segment]] = {}
        for segment in found:
            by_stream.setdefault(segment.stream, []).append(segment)
        with self._lock:
            there = {stream for folder, stream in self._newest if folder >= start}
            return {
                stream
                for stream in there | by_stream.keys()
                if self._relearn(
                    stream, lambda one: one.folder >= start, by_stream.get(stream, ()), now_s
                )
            }

    def swap(self, gone: Sequence[Segment], new: Segment | None, now_s: float) -> None:
        """Learn that segments of a stream were removed, and that one was put. Commits they hold stay known."""
        with self._lock:
            for segment in gone:
                self._streams.get(segment.stream, {}).pop(segment, None)
                self._chains.pop(segment.stream, None)
            if new is not None:
                self._take(new, now_s)
                self._chains.pop(new.stream, None)

    def _relearn(
        self,
        stream: Stream,
        where: Callable[[Segment], bool],
        found: Iterable[Segment],
        now_s: float,
    ) -> bool:
        before = self._streams.get(stream, {})
        there = {segment for segment in before if where(segment)}
        now = set(found)
        if there == now:
            return False
        for segment in there:
            self._newest.pop((segment.folder, stream), None)
        self._streams[stream] = {one: since for one, since in before.items() if one not in there}
        for segment in now:
            self._take(segment, before.get(segment, now_s))
        self._chains.pop(stream, None)
        return True

    def _take(self, segment: Segment, since_s: float) -> None:
        stream, place = segment.stream, (segment.folder, segment.stream)
        self._streams.setdefault(stream, {})[segment] = since_s
        self._newest[place] = max(self._newest.get(place, ""), segment.path)
        self._ends[stream] = max(self._ends.get(stream, 0), segment.last or 0)
        self._changed.add(stream)

    def _chain(self, stream: Stream) -> list[Segment]:
        chain = self._chains.get(stream)
        if chain is None:
            chain = self._chains[stream] = chain_of(self._streams.get(stream, ()))
        return chain

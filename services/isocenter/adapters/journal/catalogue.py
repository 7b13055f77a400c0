"""Which segments there are, by stream; looks at folders only when something changed."""

from collections.abc import Iterable

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.chains import chain_of
from isocenter.adapters.journal.changes import Changes
from isocenter.adapters.journal.names import FOLDER, HOUR_PARTS, Segment, parse
from isocenter.ports.journal import Stream


class Catalogue:
    """Not safe to use from several threads at once."""

    def __init__(self, disk: Disk, root: str) -> None:
        self._disk = disk
        self._top = f"{root}/{FOLDER}"
        self._changes = Changes(disk, root)
        self._by_folder: dict[str, frozenset[Segment]] = {}
        self._by_stream: dict[Stream, set[Segment]] = {}
        self._chains: dict[Stream, tuple[Segment, ...]] = {}

    def refresh(self) -> None:
        """Learn what changed since the last call; one look at one file when nothing did."""
        news = self._changes.news()
        if news is None:
            folders = {*self._walk(self._top, HOUR_PARTS), *self._by_folder}
        else:
            folders = {f"{self._top}/{hour}" for hour in news}
        for folder in folders:
            self.relist(folder)

    def relist(self, folder: str) -> None:
        """List one hour's folder again."""
        names = [name for name, is_folder in self._disk.names(folder) if not is_folder]
        now = frozenset(segment for name in names if (segment := parse(folder, name)))
        before = self._by_folder.get(folder, frozenset())
        self._by_folder[folder] = now
        for segment in before - now:
            self._by_stream[segment.stream].discard(segment)
        for segment in now - before:
            self._by_stream.setdefault(segment.stream, set()).add(segment)
        for segment in before ^ now:
            self._chains.pop(segment.stream, None)

    def streams(self) -> list[Stream]:
        """Every stream that has a segment."""
        return [stream for stream, segments in self._by_stream.items() if segments]

    def chain(self, stream: Stream) -> tuple[Segment, ...]:
        """The stream's segments in order, without those a merged one covers; empty when there is no such stream."""
        chain = self._chains.get(stream)
        if chain is None:
            chain = self._chains[stream] = tuple(chain_of(self._by_stream.get(stream, ())))
        return chain

    def of(self, stream: Stream) -> list[Segment]:
        """The stream's segments, covered ones too, in no order."""
        return list(self._by_stream.get(stream, ()))

    def all(self) -> Iterable[Segment]:
        """Every segment, covered ones too, in no order."""
        for segments in self._by_folder.values():
            yield from segments

    def _walk(self, folder: str, levels: int) -> Iterable[str]:
        if levels == 0:
            yield folder
            return
        for name, is_folder in self._disk.names(folder):
            if is_folder and name.isdigit():
                yield from self._walk(f"{folder}/{name}", levels - 1)

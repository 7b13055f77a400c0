"""Journals on an object store, with a clock that can be set."""

from collections.abc import Iterable

from isocenter.adapters.journal.objects import ObjectJournal, Pace
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, Stream
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.clock import HybridClock

HOUR_MS = 3_600_000
START_MS = 1_800_000_000_000  # 2027-01-15 08:00:00 UTC
AT_ONCE = Pace(rest_s=0.0)  # what is seen may be merged
IMPATIENT = Pace(patience_s=0.3)


class Wall:
    """Wall time."""

    now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


def entry(version: int, size: int = 100) -> Entry:
    return Entry(version, EntryKind.RECEIPT, 1, bytes(size))


def open_journal(
    objects: ObjectStore, wall: Wall | None = None, pace: Pace | None = None
) -> ObjectJournal:
    return ObjectJournal(objects, HybridClock(wall or Wall()), pace)


def versions(journal: ObjectJournal, stream: Stream, after: int = 0) -> list[int]:
    return [record.entry.version for record in journal.read(stream, after)]


def keys(objects: ObjectStore) -> list[str]:
    return [info.key for info in objects.list("journal/")]


def write(journal: ObjectJournal, numbers: Iterable[int], node: str = "n") -> Stream:
    """One commit for each number, which is its entry's version."""
    writer = journal.writer(node)
    for number in numbers:
        writer.append([entry(number)])
    return writer.stream

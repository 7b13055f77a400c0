"""Journals on an object store, with a clock that can be set."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

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


def follow(reader: ObjectJournal, stop: threading.Event, commits: int) -> list[list[int]]:
    """Versions of each stream, read on from look to look until the writers have stopped."""
    seen: dict[Stream, list[int]] = {}
    while not stop.is_set() or sum(map(len, seen.values())) < commits:
        for stream, end in reader.ends().items():
            numbers = seen.setdefault(stream, [])
            numbers += versions(reader, stream, len(numbers))
            assert len(numbers) >= end
    return list(seen.values())


def tidy(tidier: ObjectJournal, stop: threading.Event) -> None:
    while not stop.is_set():
        tidier.seal_abandoned(0)


def race(journals: Sequence[ObjectJournal], commits: int) -> None:
    """Two follow while two write and one merges, each with a journal of its own; nothing is lost or out of order."""
    stop = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(follow, journal, stop, 2 * commits) for journal in journals[:2]]
        tidying = pool.submit(tidy, journals[2], stop)
        writers = [pool.submit(write, one, range(1, commits + 1)) for one in journals[3:5]]
        wait(writers)
        stop.set()
        for reader in readers:
            assert reader.result(60) == [list(range(1, commits + 1))] * 2
        tidying.result(60)
    assert {writer.result() for writer in writers} == set(journals[0].ends())

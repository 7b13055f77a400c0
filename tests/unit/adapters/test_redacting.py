"""After a purge the journal no longer holds a deleted header, and everything else is where it was."""

from pathlib import Path

import pytest

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.files import FileJournal
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, Stream
from isocenter.runtime.clock import HybridClock

SECRET = b"a name nobody may read any more"


def is_secret(entry: Entry) -> bool:
    return entry.kind == EntryKind.RECEIPT and SECRET in entry.payload


def open_journal(root: Path, disk: Disk | None = None) -> FileJournal:
    return FileJournal(root, HybridClock(), disk)


def write(journal: FileJournal, *, seal: bool) -> Stream:
    writer = journal.writer("listener")
    for number in range(1, 21):
        payload = SECRET if number % 5 == 0 else b"kept"
        entry = Entry(number, EntryKind.RECEIPT, 3, payload)
        writer.append([entry, Entry(number, EntryKind.AUDIT, 3, SECRET)])
    if seal:
        writer.close()
    return writer.stream


def on_disk(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("journal/**/*") if path.is_file())


def test_nothing_of_an_unwanted_entry_is_left_on_disk(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    write(journal, seal=True)
    assert journal.redact(is_secret, since_ms=0) == 0
    assert on_disk(tmp_path).count(SECRET) == 20  # of the other kind


def test_redacting_twice_finds_nothing_the_second_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    write(journal, seal=True)
    journal.redact(is_secret, since_ms=0)
    before = on_disk(tmp_path)
    assert journal.redact(is_secret, since_ms=0) == 0
    assert on_disk(tmp_path) == before


def test_what_is_still_being_written_is_left_and_counted(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    write(journal, seal=False)
    assert journal.redact(is_secret, since_ms=0) == 4


class Hourly:
    """A wall clock that steps by the hour."""

    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def write_hourly(root: Path, wall: Hourly) -> tuple[FileJournal, Stream]:
    """One secret in each of five hours, in a segment each."""
    journal = FileJournal(root, HybridClock(wall))
    writer = journal.writer("listener")
    for number in range(1, 6):
        writer.append([Entry(number, EntryKind.RECEIPT, 3, SECRET)])
        wall.now_ms += 3_600_000
    writer.close()
    return journal, writer.stream


def test_hours_before_the_given_time_are_not_looked_at(tmp_path: Path) -> None:
    wall = Hourly()
    journal, _ = write_hourly(tmp_path, wall)
    assert journal.redact(is_secret, since_ms=wall.now_ms - 2 * 3_600_000) == 0
    assert on_disk(tmp_path).count(SECRET) == 2  # the hour before may reach into the given one


def test_a_merged_segment_that_began_before_the_given_time_is_looked_at(tmp_path: Path) -> None:
    wall = Hourly()
    journal, stream = write_hourly(tmp_path, wall)
    assert journal.seal_abandoned(-10 * 365 * 86_400) == 5
    assert journal.redact(is_secret, since_ms=wall.now_ms - 2 * 3_600_000) == 0
    assert SECRET not in on_disk(tmp_path)
    assert [record.position.sequence for record in journal.read(stream)] == [1, 2, 3, 4, 5]


class PowerCut(BaseException):
    """The process is gone."""


class DyingDisk(Disk):
    """Does so many changes, then no more."""

    def __init__(self, changes: int) -> None:
        self._left = changes

    def _spend(self) -> None:
        if self._left == 0:
            raise PowerCut
        self._left -= 1

    def write(self, fd: int, content: bytes | memoryview) -> None:
        self._spend()
        super().write(fd, content)

    def rename(self, path: str, new_path: str) -> None:
        self._spend()
        super().rename(path, new_path)

    def unlink(self, path: str) -> None:
        self._spend()
        super().unlink(path)


@pytest.mark.parametrize("changes", range(0, 24, 3))
def test_a_crash_anywhere_leaves_a_journal_that_reads_whole_and_can_be_redacted(
    tmp_path: Path, changes: int
) -> None:
    stream = write(open_journal(tmp_path), seal=True)
    before = list(open_journal(tmp_path).read(stream))
    with pytest.raises(PowerCut):
        open_journal(tmp_path, DyingDisk(changes)).redact(is_secret, since_ms=0)
    survivor = open_journal(tmp_path)
    read = list(survivor.read(stream))
    assert [record.position for record in read] == [record.position for record in before]
    survivor.redact(is_secret, since_ms=0)
    assert on_disk(tmp_path).count(SECRET) == 20

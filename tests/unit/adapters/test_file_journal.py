import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.faulty_disk import BROKEN, NO_SPACE, FaultyDisk
from tests.support.poll import poll
from tests.support.small_disk import small_disk

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal import merging, segments, writing
from isocenter.adapters.journal.files import FileJournal
from isocenter.errors import Corrupted, OutOfSpace, StorageFailed
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, JournalWriter, Stream
from isocenter.runtime.clock import HybridClock

HOUR_MS = 3_600_000
START_MS = 1_800_000_000_000  # 2027-01-15 08:00:00 UTC


class Wall:
    now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


def entry(version: int, size: int = 100) -> Entry:
    return Entry(version, EntryKind.RECEIPT, 1, bytes(size))


def open_journal(root: Path, wall: Wall | None = None, disk: Disk | None = None) -> FileJournal:
    return FileJournal(root, HybridClock(wall or Wall()), disk)


def versions(journal: FileJournal, stream: Stream, after: int = 0) -> list[int]:
    return [record.entry.version for record in journal.read(stream, after)]


def names(root: Path) -> list[str]:
    return sorted(
        str(p.relative_to(root))
        for p in (root / "journal").rglob("*")
        if p.suffix in (".seg", ".open", ".new")
    )


def only_segment(root: Path) -> Path:
    (path,) = (root / name for name in names(root))
    return path


def let_go(writer: JournalWriter) -> None:
    """Drop the writer's lock as its death would, without sealing."""
    writer._segment._let_go()  # type: ignore[attr-defined]


def test_segments_are_named_by_hour_node_epoch_and_sequences(tmp_path: Path) -> None:
    writer = open_journal(tmp_path).writer("http-3")
    epoch = writer.stream.epoch
    writer.append([entry(1)])
    assert names(tmp_path) == [f"journal/2027/01/15/08/http-3-{epoch}-000000000001.open"]
    writer.append([entry(2)])
    writer.close()
    assert names(tmp_path) == [
        f"journal/2027/01/15/08/http-3-{epoch}-000000000001-000000000002.seg"
    ]


def test_a_segment_rolls_at_the_hour_and_by_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()
    journal = open_journal(tmp_path, wall)
    writer = journal.writer("n")
    for number in range(1, 4):
        writer.append([entry(number)])
        wall.now_ms += HOUR_MS
    assert [name.split("/")[4] for name in names(tmp_path)] == ["08", "09", "10"]
    monkeypatch.setattr(writing, "SEGMENT_BYTES", 1000)
    for number in range(4, 30):
        writer.append([entry(number)])
    assert len(names(tmp_path)) > 5
    assert all((tmp_path / name).stat().st_size <= 1032 for name in names(tmp_path)[:-1])
    assert versions(journal, writer.stream) == list(range(1, 30))
    assert versions(open_journal(tmp_path, wall), writer.stream, 17) == list(range(18, 30))


def test_a_reader_follows_through_seals_and_rolls(tmp_path: Path) -> None:
    wall = Wall()
    journal, reader = open_journal(tmp_path, wall), open_journal(tmp_path, wall)
    writer = journal.writer("n")
    for number in range(1, 20):
        if number % 4 == 0:
            wall.now_ms += HOUR_MS
        writer.append([entry(number)])
        assert reader.ends() == {writer.stream: number}
        assert versions(reader, writer.stream, number - 1) == [number]


def test_nothing_is_lost_while_readers_and_writers_race(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SEGMENT_BYTES", 1200)
    journal = open_journal(tmp_path)
    writer = journal.writer("n")
    stop = threading.Event()

    def follow() -> list[int]:
        reader = open_journal(tmp_path)
        seen: list[int] = []
        while not stop.is_set() or len(seen) < 200:
            if writer.stream in reader.ends():
                seen += versions(reader, writer.stream, len(seen))
        return seen

    def tidy() -> None:
        tidier = open_journal(tmp_path)
        while not stop.is_set():
            tidier.seal_abandoned(-3600)

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(follow) for _ in range(2)]
        pool.submit(tidy)
        for number in range(1, 201):
            writer.append([entry(number)])
        stop.set()
        assert all(reader.result(30) == list(range(1, 201)) for reader in readers)


@pytest.mark.parametrize("cut", [1, 7, 31, 33, 90])
def test_a_torn_tail_was_never_acknowledged_and_is_cut(tmp_path: Path, cut: int) -> None:
    journal = open_journal(tmp_path)
    writer = journal.writer("n")
    for number in (1, 2, 3):
        writer.append([entry(number)])
    path = only_segment(tmp_path)
    size = writer._segment.size_bytes  # type: ignore[union-attr]
    with path.open("r+b") as file:
        file.truncate(size)
        file.truncate(size - cut)
    reader = open_journal(tmp_path)
    assert reader.ends() == {writer.stream: 2}
    assert versions(reader, writer.stream) == [1, 2]
    let_go(writer)
    assert reader.seal_abandoned(-1) == 1
    assert names(tmp_path)[0].endswith("-000000000002.seg")
    assert versions(open_journal(tmp_path), writer.stream) == [1, 2]


def test_a_writer_that_lives_is_not_sealed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    writer = journal.writer("n")
    writer.append([entry(1)])
    assert open_journal(tmp_path).seal_abandoned(-1) == 0
    writer.append([entry(2)])
    assert versions(journal, writer.stream) == [1, 2]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_never_read_as_content(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("journal")
    writer = open_journal(root).writer("n")
    for number in range(1, 6):
        writer.append([entry(number, 40)])
    if data.draw(st.booleans()):
        writer.close()
    path = only_segment(root)
    content = bytearray(path.read_bytes())
    end = len(content) if path.suffix == ".seg" else writer._segment.size_bytes  # type: ignore[union-attr]
    bit = data.draw(st.integers(0, 8 * end - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    reader = open_journal(root)
    read: list[int] = []
    try:
        for record in reader.read(writer.stream):
            assert record.entry == entry(record.entry.version, 40)
            read.append(record.entry.version)
    except Corrupted:
        pass
    else:
        # Only the last commit of an open segment can be taken for a torn tail, and the end mark holds no entry.
        assert read == ([1, 2, 3, 4, 5] if path.suffix == ".seg" else [1, 2, 3, 4])
    assert read == list(range(1, len(read) + 1))


def test_a_failed_sync_ends_the_stream(tmp_path: Path) -> None:
    disk = FaultyDisk()
    journal = open_journal(tmp_path, disk=disk)
    writer = journal.writer("n")
    writer.append([entry(1)])
    disk.failing = {"fdatasync": BROKEN}
    with pytest.raises(StorageFailed):
        writer.append([entry(2)])
    disk.failing = {}
    syncs = disk.calls["fdatasync"]
    with pytest.raises(StorageFailed):
        writer.append([entry(3)])
    writer.close()
    assert disk.calls["fdatasync"] == syncs
    assert versions(open_journal(tmp_path), writer.stream) == [1]


def test_a_write_without_room_is_taken_back_and_the_stream_goes_on(tmp_path: Path) -> None:
    disk = FaultyDisk()
    writer = open_journal(tmp_path, disk=disk).writer("n")
    writer.append([entry(1)])
    disk.failing = {"pwrite": NO_SPACE}
    with pytest.raises(OutOfSpace):
        writer.append([entry(2, 5000)])
    disk.failing = {}
    writer.append([entry(3)])
    assert versions(open_journal(tmp_path), writer.stream) == [1, 3]


def test_a_full_disk_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as root:
        writer = open_journal(root).writer("n")
        written: list[int] = []
        filler = root / "filler"
        filler.write_bytes(bytes(800 << 10))
        for number in range(1, 60):
            try:
                writer.append([entry(number, 8000)])
                written.append(number)
            except OutOfSpace:
                filler.unlink(missing_ok=True)
        assert 20 < len(written) < 59
        assert versions(open_journal(root), writer.stream) == written


def test_calls_that_come_while_one_is_committed_share_the_next(tmp_path: Path) -> None:
    disk = FaultyDisk()
    writer = open_journal(tmp_path, disk=disk).writer("n")
    writer.append([entry(1)])
    disk.calls.clear()
    gate, entered = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == "fdatasync":
            entered.set()
            assert gate.wait(10)

    disk.before = hold
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(writer.append, [entry(2)])
        assert entered.wait(10)
        others = [pool.submit(writer.append, [entry(n)]) for n in range(3, 11)]
        poll(lambda: len(writer._commits._group._waiting) == 8)
        gate.set()
        assert first.result(10)[0].sequence == 2
        places = [other.result(10)[0] for other in others]
    assert disk.calls["fdatasync"] == 2
    assert {place.sequence for place in places} == {3}
    assert sorted(place.entry_index for place in places) == list(range(8))


def test_small_segments_are_merged_and_positions_stay(tmp_path: Path) -> None:
    wall = Wall()
    journal = open_journal(tmp_path, wall)
    writer = journal.writer("n")
    for number in range(1, 7):
        writer.append([entry(number), entry(10 * number)])
        wall.now_ms += HOUR_MS
    reader = open_journal(tmp_path, wall)
    before = list(reader.read(writer.stream))
    under_way = reader.read(writer.stream)
    first = next(under_way)
    assert open_journal(tmp_path, wall).seal_abandoned(-10 * 365 * 86_400) == 5
    assert [first, *under_way] == before
    assert len(names(tmp_path)) == 2
    assert names(tmp_path)[0].endswith("-000000000001-000000000005.seg")
    assert list(reader.read(writer.stream)) == before
    assert list(open_journal(tmp_path, wall).read(writer.stream)) == before


def test_a_merge_cut_off_in_its_middle_leaves_one_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()
    writer = open_journal(tmp_path, wall).writer("n")
    for number in range(1, 5):
        writer.append([entry(number)])
        wall.now_ms += HOUR_MS
    monkeypatch.setattr(merging, "_remove", lambda *_: None)
    open_journal(tmp_path, wall).seal_abandoned(-10 * 365 * 86_400)
    assert len(names(tmp_path)) == 5
    assert versions(open_journal(tmp_path, wall), writer.stream) == [1, 2, 3, 4]


def test_looking_for_news_is_cheap_with_many_streams(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    writers = [journal.writer(f"n{n}") for n in range(30)]
    for writer in writers[:20]:
        writer.append([entry(1)])
        writer.close()
    for writer in writers[20:]:
        writer.append([entry(1)])
    calls: list[str] = []

    class Counting(Disk):
        def __getattribute__(self, name: str) -> Any:
            call = super().__getattribute__(name)

            def counted(*args: Any) -> Any:
                calls.append(name)
                return call(*args)

            return call if name.startswith("_") else counted

    reader = open_journal(tmp_path, disk=Counting())
    ends = reader.ends()
    calls.clear()
    assert reader.ends() == ends
    assert sorted(set(calls)) == ["pread", "status"]
    assert len(calls) == 11  # one look at the changes, one at each open segment


def test_a_missing_segment_is_told(tmp_path: Path) -> None:
    wall = Wall()
    journal = open_journal(tmp_path, wall)
    writer = journal.writer("n")
    for number in range(1, 4):
        writer.append([entry(number)])
        wall.now_ms += HOUR_MS
    (tmp_path / names(tmp_path)[1]).unlink()
    reader = open_journal(tmp_path, wall)
    with pytest.raises(Corrupted):
        versions(reader, writer.stream)
    assert versions(reader, writer.stream, 2) == [3]


def test_the_reserve_is_given_back_when_a_segment_is_sealed(tmp_path: Path) -> None:
    writer = open_journal(tmp_path).writer("n")
    writer.append([entry(1)])
    assert only_segment(tmp_path).stat().st_size >= segments.FIRST_RESERVE_BYTES
    writer.close()
    assert only_segment(tmp_path).stat().st_size < 300


def test_errno_is_named_without_paths(tmp_path: Path) -> None:
    disk = FaultyDisk()
    writer = open_journal(tmp_path, disk=disk).writer("n")
    disk.failing = {"pwrite": BROKEN}
    with pytest.raises(StorageFailed) as told:
        writer.append([entry(1)])
    assert told.value.fields == {"errno": errno.errorcode[BROKEN]}
    assert str(tmp_path) not in str(told.value)

"""Merging commits that are objects, and emptying them after a purge: nothing acknowledged is ever not there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.faulty_objects import FaultyObjects
from tests.support.object_journals import (
    AT_ONCE,
    HOUR_MS,
    Wall,
    entry,
    keys,
    open_journal,
    versions,
    write,
)

from isocenter.adapters.journal.objects import tidying
from isocenter.errors import Corrupted, Unavailable
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry

SECRET = b"a name nobody may read any more"


@pytest.fixture
def objects(tmp_path: Path) -> FaultyObjects:
    return FaultyObjects(tmp_path)


def ranges(objects: FaultyObjects) -> list[str]:
    """`hour first-last` of every object."""
    names = [key.removesuffix(".seg").split("/") for key in keys(objects)]
    places = [(name[4], *map(int, name[5].rsplit("-", 2)[1:])) for name in names]
    return [f"{hour} {first}-{last}" for hour, first, last in places]


def test_small_objects_are_merged_and_positions_stay(objects: FaultyObjects) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 21):
        writer.append([entry(number), entry(10 * number)])
    reader = open_journal(objects)
    before = list(reader.read(writer.stream))
    under_way = reader.read(writer.stream)
    first = next(under_way)
    assert journal.seal_abandoned(0) == 20
    assert ranges(objects) == ["08 1-20"]
    assert [first, *under_way] == before
    for opened in (journal, reader, open_journal(objects)):
        assert list(opened.read(writer.stream)) == before
        assert opened.ends() == {writer.stream: 20}
        assert opened.latest_version() == 200
    writer.append([entry(21)])
    assert reader.ends() == {writer.stream: 21}
    assert versions(reader, writer.stream, 20) == [21]


def test_what_is_not_seen_for_long_is_not_merged(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    write(journal, range(1, 40))
    assert journal.seal_abandoned(0) == 0
    assert len(keys(objects)) == 39


def test_few_objects_of_an_hour_that_goes_on_are_left(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    write(journal, [1, 2, 3])
    assert journal.seal_abandoned(0) == 0
    wall.now_ms += 2 * HOUR_MS
    assert journal.seal_abandoned(0) == 3


def test_an_hour_is_merged_by_itself_and_an_old_day_as_a_whole(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 37):  # six an hour, from 22 o'clock on
        if number % 6 == 1:
            wall.now_ms += (14 if number == 1 else 1) * HOUR_MS
        writer.append([entry(number)])
    wall.now_ms += 2 * HOUR_MS
    journal.seal_abandoned(0)
    hours = ["22 1-6", "23 7-12", "00 13-18", "01 19-24", "02 25-30", "03 31-36"]
    assert ranges(objects) == hours
    assert journal.seal_abandoned(0) == 0
    wall.now_ms += 60 * HOUR_MS  # the first day ended long enough ago, the second did not
    journal.seal_abandoned(0)
    assert ranges(objects) == ["22 1-12", *hours[2:]]
    wall.now_ms += 24 * HOUR_MS
    journal.seal_abandoned(0)
    assert ranges(objects) == ["22 1-12", "00 13-36"]
    assert versions(open_journal(objects, wall), writer.stream) == list(range(1, 37))


def test_merged_objects_are_bounded(
    objects: FaultyObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "SMALL_BYTES", 1000)
    monkeypatch.setattr(tidying, "MERGED_BYTES", 3000)
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 61):
        writer.append([entry(number, 5000 if number == 30 else 100)])
    wall.now_ms += 2 * HOUR_MS
    while journal.seal_abandoned(0):
        pass
    sizes = [info.size_bytes for info in objects.list("journal/")]
    assert 4 < len(sizes) < 12
    assert max(sizes) < 5200
    assert versions(open_journal(objects, wall), writer.stream) == list(range(1, 61))


def cut_short(objects: FaultyObjects, key: str) -> None:
    path = objects.local_path(key)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-40])


class Cut(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(25))
def test_a_merge_cut_off_anywhere_leaves_one_truth_and_is_finished_later(
    objects: FaultyObjects, step: int
) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    stream = write(journal, range(1, 21))
    done = 0

    def cut(method: str, key: str) -> None:
        nonlocal done
        done += 1
        if done > step:
            raise Cut

    objects.after = cut
    if step < 21:
        with pytest.raises(Cut):
            journal.seal_abandoned(0)
    else:
        journal.seal_abandoned(0)
    objects.after = lambda *_: None
    assert versions(open_journal(objects), stream) == list(range(1, 21))
    survivor = open_journal(objects, pace=AT_ONCE)
    survivor.seal_abandoned(0)
    assert ranges(objects) == ["08 1-20"]
    assert versions(survivor, stream) == list(range(1, 21))


def test_a_store_that_fails_in_the_middle_of_a_merge_is_met_by_the_next_pass(
    objects: FaultyObjects,
) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    stream = write(journal, range(1, 21))

    def away(method: str, key: str) -> None:
        if objects.calls["delete"] == 7:
            raise Unavailable

    objects.before = away
    with pytest.raises(Unavailable):
        journal.seal_abandoned(0)
    objects.before = lambda *_: None
    assert versions(journal, stream) == list(range(1, 21))
    journal.seal_abandoned(0)
    assert ranges(objects) == ["08 1-20"]


def test_nothing_is_removed_when_the_merged_object_is_not_read_as_it_was_written(
    objects: FaultyObjects,
) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    stream = write(journal, range(1, 21))

    def spoil(method: str, key: str) -> None:
        if method == "put" and key.endswith("-000000000001-000000000020.seg"):
            cut_short(objects, key)

    objects.after = spoil
    assert journal.seal_abandoned(0) == 0
    assert objects.calls["delete"] == 0
    for key in keys(objects):
        if key.endswith("-000000000020.seg") and "-000000000001-" in key:
            objects.delete(key)
    assert versions(open_journal(objects), stream) == list(range(1, 21))


def test_a_damaged_object_is_left_and_its_neighbours_are_merged(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    stream = write(journal, range(1, 41))
    cut_short(objects, keys(objects)[19])
    wall.now_ms += 2 * HOUR_MS
    for _ in range(3):
        journal.seal_abandoned(0)
    assert ranges(objects) == ["08 1-19", "08 20-20", "08 21-40"]
    reader = open_journal(objects, wall)
    with pytest.raises(Corrupted):
        versions(reader, stream)
    assert versions(reader, stream, 20) == list(range(21, 41))


def test_two_that_merge_at_once_lose_nothing(objects: FaultyObjects) -> None:
    journals = [open_journal(objects, pace=AT_ONCE) for _ in range(3)]
    stream = write(journals[0], range(1, 101))
    with ThreadPoolExecutor(3) as pool:
        for merging in [pool.submit(journal.seal_abandoned, 0) for journal in journals]:
            merging.result(30)
    assert versions(open_journal(objects), stream) == list(range(1, 101))
    for journal in journals:
        journal.seal_abandoned(0)
    assert ranges(objects) == ["08 1-100"]


def test_a_commit_that_is_put_again_after_it_was_merged_does_no_harm(
    objects: FaultyObjects,
) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    stream = write(journal, range(1, 21))
    key = keys(objects)[7]
    content = objects.read(key)
    journal.seal_abandoned(0)
    objects.put(key, content)
    assert versions(open_journal(objects), stream) == list(range(1, 21))
    tidier = open_journal(objects, pace=AT_ONCE)
    assert tidier.seal_abandoned(0) == 1
    assert ranges(objects) == ["08 1-20"]


def is_secret(entry: Entry) -> bool:
    return entry.kind == EntryKind.RECEIPT and SECRET in entry.payload


def stored(objects: FaultyObjects) -> bytes:
    return b"".join(objects.read(key) for key in keys(objects))


@pytest.mark.parametrize("merged", [True, False])
def test_nothing_of_an_unwanted_entry_is_left_in_any_object(
    objects: FaultyObjects, merged: bool
) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 21):
        payload = SECRET if number % 5 == 0 else b"kept"
        receipt = Entry(number, EntryKind.RECEIPT, 3, payload)
        writer.append([receipt, Entry(number, EntryKind.AUDIT, 3, SECRET)])
    reader = open_journal(objects)
    under_way = reader.read(writer.stream)
    next(under_way)
    if merged:
        journal.seal_abandoned(0)
    assert open_journal(objects).redact(is_secret, since_ms=0) == 0
    assert stored(objects).count(SECRET) == 20  # of the other kind
    assert len(list(under_way)) == 39
    objects.count_anew()
    assert journal.redact(is_secret, since_ms=0) == 0
    assert objects.calls["put"] == 0


def test_a_purge_looks_at_merged_objects_that_began_before_its_time(
    objects: FaultyObjects,
) -> None:
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 13):
        writer.append([Entry(number, EntryKind.RECEIPT, 3, SECRET)])
        wall.now_ms += HOUR_MS
    since_ms = wall.now_ms - HOUR_MS
    wall.now_ms += 72 * HOUR_MS
    journal.seal_abandoned(0)
    assert ranges(objects) == ["08 1-12"]
    assert journal.redact(is_secret, since_ms) == 0
    assert SECRET not in stored(objects)
    assert [r.position.sequence for r in journal.read(writer.stream)] == list(range(1, 13))


def test_a_purge_does_not_read_what_was_written_on_earlier_days(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall, AT_ONCE)
    for _ in range(10):
        write(journal, [1])
        wall.now_ms += 24 * HOUR_MS
    objects.count_anew()
    journal.redact(is_secret, wall.now_ms - 50 * HOUR_MS)
    assert objects.calls["read"] <= 3

"""What readers of a journal of objects see while it is written and merged, and what looking costs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.faulty_objects import FaultyObjects
from tests.support.object_journals import (
    AT_ONCE,
    HOUR_MS,
    START_MS,
    Wall,
    entry,
    keys,
    open_journal,
    race,
    versions,
    write,
)
from tests.support.poll import poll

from isocenter.adapters.journal.objects import Pace
from isocenter.errors import Corrupted, Unavailable


@pytest.fixture
def objects(tmp_path: Path) -> FaultyObjects:
    return FaultyObjects(tmp_path)


@pytest.mark.parametrize("pace", [Pace(), AT_ONCE, Pace(look_back_s=0.0)])
def test_a_reader_follows_from_hour_to_hour(objects: FaultyObjects, pace: Pace) -> None:
    wall = Wall()
    reader = open_journal(objects, wall, pace)
    writer = open_journal(objects, wall).writer("n")
    for number in range(1, 20):
        if number % 4 == 0:
            wall.now_ms += HOUR_MS
        writer.append([entry(number)])
        assert reader.ends() == {writer.stream: number}
        assert versions(reader, writer.stream, number - 1) == [number]


@pytest.mark.parametrize("pace", [Pace(), AT_ONCE])
def test_nothing_is_lost_while_readers_and_writers_race(objects: FaultyObjects, pace: Pace) -> None:
    race([open_journal(objects, pace=pace) for _ in range(5)], commits=150)


def test_a_late_segment_in_an_older_hour_is_found_by_what_follows_it(
    objects: FaultyObjects,
) -> None:
    wall = Wall()
    reader = open_journal(objects, wall)
    writer = open_journal(objects, wall).writer("n")
    writer.append([entry(1)])
    assert reader.ends() == {writer.stream: 1}
    stop = threading.Event()

    def away(method: str, key: str) -> None:
        if not stop.is_set():
            raise Unavailable

    objects.before = away
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(writer.append, [entry(2)])
        poll(lambda: objects.calls["put"] > 2)
        wall.now_ms += 2 * HOUR_MS  # by now nobody looks at that hour for what is new
        stop.set()
        late.result(10)
    writer.append([entry(3)])
    assert [key.split("/")[4] for key in keys(objects)] == ["08", "08", "10"]
    assert reader.ends() == {writer.stream: 3}
    assert versions(reader, writer.stream) == [1, 2, 3]


def test_a_late_segment_that_nothing_follows_is_found_by_looking_back(
    objects: FaultyObjects,
) -> None:
    wall = Wall()
    reader = open_journal(objects, wall)
    back = open_journal(objects, wall, Pace(look_back_s=0.0))
    known = write(open_journal(objects, wall), [1])
    for each in (reader, back):
        assert each.ends() == {known: 1}
    wall.now_ms += 5 * HOUR_MS
    for each in (reader, back):
        assert each.ends() == {known: 1}
    wall.now_ms -= 5 * HOUR_MS
    late = write(open_journal(objects, wall), [7])
    wall.now_ms += 5 * HOUR_MS
    assert late not in reader.ends()
    poll(lambda: back.ends().get(late) == 1)
    assert open_journal(objects, wall).ends()[late] == 1


@pytest.mark.parametrize("skew_ms", [-800_000, 800_000, 40 * HOUR_MS])
def test_clocks_may_differ(objects: FaultyObjects, skew_ms: int) -> None:
    """A writer that is ahead is seen whatever the difference, one that is behind within `late_s`."""
    wall, other = Wall(), Wall()
    other.now_ms += skew_ms
    reader, writer = open_journal(objects, wall), open_journal(objects, other).writer("n")
    assert reader.ends() == {}
    for number in range(1, 8):
        writer.append([entry(number)])
        assert reader.ends() == {writer.stream: number}
        wall.now_ms += HOUR_MS // 3
        other.now_ms += HOUR_MS // 3


def test_who_did_not_look_for_long_sees_all_that_was_acknowledged(objects: FaultyObjects) -> None:
    wall = Wall()
    reader = open_journal(objects, wall)
    assert reader.ends() == {}
    expected = {}
    for hours in range(20):
        expected[write(open_journal(objects, wall), range(1, 3))] = 2
        wall.now_ms += HOUR_MS * (1 + hours // 8)
    assert reader.ends() == expected


def test_looking_costs_one_list_of_few_keys_when_nothing_is_new(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    for node in ("a", "b", "c"):
        write(journal, range(1, 9), node)
    journal.ends()
    objects.count_anew()
    journal.ends()
    assert objects.calls == {"list": 1}
    assert objects.listed == 24


def test_looking_skips_what_is_known_of_streams_that_wrote_much(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    writers = [journal.writer(node) for node in ("a", "b", "c")]
    for writer in writers:
        for number in range(1, 200):
            writer.append([entry(number)])
    write(journal, range(1, 4), "idle")
    journal.ends()
    writers[1].append([entry(200)])
    objects.count_anew()
    assert journal.ends()[writers[1].stream] == 200
    assert objects.calls == {"list": 4}
    assert objects.listed < 4 * 40


def test_earlier_hours_are_not_listed_again(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall)
    for _ in range(30):
        write(journal, [1])
        wall.now_ms += HOUR_MS
    journal.ends()
    objects.count_anew()
    wall.now_ms += HOUR_MS // 2
    journal.ends()
    assert objects.calls == {"list": 1}
    assert objects.listed <= 1


def test_threads_that_look_at_once_share_a_look_at_a_slow_store(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    stream = write(journal, [1])
    gate = threading.Event()

    def hold(method: str, key: str) -> None:
        assert method != "list" or gate.wait(10)

    objects.before = hold
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(journal.ends)
        poll(lambda: objects.calls["list"] == 1)
        others = [pool.submit(journal.ends) for _ in range(8)]
        poll(lambda: len(journal._lookout._group._waiting) == 8)
        gate.set()
        assert all(one.result(10) == {stream: 1} for one in (first, *others))
    assert objects.calls["list"] == 2


def test_following_reads_each_commit_once_and_looks_for_nothing(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    stream = write(journal, range(1, 11))
    end = journal.ends()[stream]
    objects.count_anew()
    assert [r.entry.version for r in journal.read(stream, 4, end)] == [5, 6, 7, 8, 9, 10]
    assert objects.calls == {"read": 6}


def test_a_store_that_is_away_is_told_and_reading_goes_on_later(objects: FaultyObjects) -> None:
    journal = open_journal(objects)
    stream = write(journal, [1, 2, 3])
    records = journal.read(stream)
    assert next(records).entry.version == 1

    def away(method: str, key: str) -> None:
        raise Unavailable

    objects.before = away
    with pytest.raises(Unavailable):
        next(records)
    with pytest.raises(Unavailable):
        journal.ends()
    objects.before = lambda *_: None
    assert journal.ends() == {stream: 3}
    assert versions(journal, stream, 1) == [2, 3]


def test_a_missing_segment_is_told(objects: FaultyObjects) -> None:
    wall = Wall()
    stream = write(open_journal(objects, wall), [1, 2, 3])
    objects.delete(keys(objects)[1])
    reader = open_journal(objects, wall)
    assert reader.ends() == {stream: 3}
    with pytest.raises(Corrupted):
        versions(reader, stream)
    assert versions(reader, stream, 2) == [3]
    objects.count_anew()
    assert reader.ends() == {stream: 3}
    assert objects.calls == {"list": 1}  # what is lost is not looked for again and again


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_never_read_as_content(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    objects = FaultyObjects(tmp_path_factory.mktemp("objects"))
    journal = open_journal(objects, pace=AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 21):
        writer.append([entry(number, 40)])
    if data.draw(st.booleans()):
        assert journal.seal_abandoned(0) == 20
    key = data.draw(st.sampled_from(keys(objects)))
    content = bytearray(objects.read(key))
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    objects.put(key, bytes(content))
    read: list[int] = []
    try:
        for record in open_journal(objects).read(writer.stream):
            assert record.entry == entry(record.entry.version, 40)
            read.append(record.entry.version)
    except Corrupted:
        assert len(read) < 20
    assert read == list(range(1, len(read) + 1))


def test_foreign_objects_below_the_journal_are_passed_by(objects: FaultyObjects) -> None:
    stream = write(open_journal(objects), [1])
    name = keys(objects)[0].rpartition("/")[2]
    for key in ("journal/readme.txt", f"journal/2027/01/{name}", f"journal/a/b/c/d/{name}"):
        objects.put(key, b"something else")
    assert open_journal(objects).ends() == {stream: 1}


def test_the_latest_version_is_found_without_listing_years(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall)
    for _ in range(40):
        write(journal, [wall.now_ms << 16])
        wall.now_ms += 24 * HOUR_MS
    last = (wall.now_ms << 16) + 5
    write(journal, [last, 3])
    starting = open_journal(objects, wall)
    objects.count_anew()
    assert starting.latest_version() == last
    assert objects.calls["list"] == 1
    assert objects.calls["read"] <= 3


def test_the_latest_version_of_an_idle_year_is_found_all_the_same(objects: FaultyObjects) -> None:
    wall = Wall()
    write(open_journal(objects, wall), [START_MS << 16])
    wall.now_ms += 365 * 24 * HOUR_MS
    assert open_journal(objects, wall).latest_version() == START_MS << 16


def test_a_clock_that_was_days_ahead_is_still_observed(objects: FaultyObjects) -> None:
    wall = Wall()
    wall.now_ms += 40 * HOUR_MS
    ahead = wall.now_ms << 16
    write(open_journal(objects, wall), [ahead])
    wall.now_ms -= 40 * HOUR_MS
    write(open_journal(objects, wall), [ahead + 1])
    assert open_journal(objects, wall).latest_version() == ahead + 1


def test_reading_a_long_stream_in_its_middle_is_quick(objects: FaultyObjects) -> None:
    journal = open_journal(objects, pace=AT_ONCE)
    writer = journal.writer("n")
    for number in range(1, 31):
        writer.append([entry(number, 200_000)])
    journal.seal_abandoned(0)
    reader = open_journal(objects)
    assert versions(reader, writer.stream, 28) == [29, 30]
    objects.count_anew()
    assert versions(reader, writer.stream, 28) == [29, 30]
    assert objects.calls["read"] <= 3

"""What a writer of commits as objects does when the store answers badly, late or not at all."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.faulty_objects import FaultyObjects
from tests.support.object_journals import (
    HOUR_MS,
    IMPATIENT,
    Wall,
    entry,
    keys,
    open_journal,
    versions,
    write,
)
from tests.support.poll import poll

from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.errors import (
    Corrupted,
    Denied,
    IsocenterError,
    OutOfSpace,
    StorageFailed,
    Unavailable,
)
from isocenter.ports.journal import Stream
from isocenter.runtime.clock import HybridClock


@pytest.fixture
def objects(tmp_path: Path) -> FaultyObjects:
    return FaultyObjects(tmp_path)


class Failing:
    """Raises so many times, then lets pass; remembers the keys."""

    def __init__(self, times: int, error: Exception, on: str = "put") -> None:
        self.left = times
        self.keys: list[str] = []
        self._error = error
        self._on = on

    def __call__(self, method: str, key: str) -> None:
        if method != self._on:
            return
        self.keys.append(key)
        if self.left:
            self.left -= 1
            raise self._error


def test_every_commit_is_an_object_named_by_hour_node_epoch_and_sequence(
    objects: FaultyObjects,
) -> None:
    stream = write(open_journal(objects), [1, 2], "http-3")
    stem = f"journal/2027/01/15/08/http-3-{stream.epoch}"
    assert keys(objects) == [f"{stem}-{n:012d}-{n:012d}.seg" for n in (1, 2)]


def test_a_commit_never_goes_to_an_earlier_hour_than_the_one_before(objects: FaultyObjects) -> None:
    wall = Wall()
    journal = open_journal(objects, wall)
    writer = journal.writer("n")
    for step in (0, -2, 1, -1):
        wall.now_ms += step * HOUR_MS
        writer.append([entry(1)])
    assert [key.split("/")[4] for key in keys(objects)] == ["08"] * 4
    wall.now_ms += 4 * HOUR_MS
    writer.append([entry(1)])
    assert keys(objects)[-1].split("/")[4] == "10"


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("error", [Unavailable(), StorageFailed(), Corrupted(), OSError()])
def test_a_commit_with_an_unknown_outcome_is_put_again_under_its_key(
    objects: FaultyObjects, is_stored: bool, error: Exception
) -> None:
    journal = open_journal(objects)
    writer = journal.writer("n")
    failing = Failing(2, error)
    if is_stored:
        objects.after = failing
    else:
        objects.before = failing
    assert writer.append([entry(1)])[0].sequence == 1
    assert writer.append([entry(2)])[0].sequence == 2
    assert len(failing.keys) == 4
    assert len(set(failing.keys)) == 2 == len(keys(objects))
    assert versions(open_journal(objects), writer.stream) == [1, 2]


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_stream_ends_when_an_outcome_stays_unknown(
    objects: FaultyObjects, is_stored: bool
) -> None:
    journal = open_journal(objects, pace=IMPATIENT)
    writer = journal.writer("n")
    writer.append([entry(1)])
    failing = Failing(1000, Unavailable())
    if is_stored:
        objects.after = failing
    else:
        objects.before = failing
    with pytest.raises(StorageFailed):
        writer.append([entry(2)])
    assert len(set(failing.keys)) == 1 < len(failing.keys)
    failing.left = 0
    with pytest.raises(StorageFailed):
        writer.append([entry(3)])
    writer.close()
    assert versions(open_journal(objects), writer.stream) == ([1, 2] if is_stored else [1])
    assert versions(journal, write(journal, [4])) == [4]


def test_closing_does_not_wait_for_a_store_that_is_away(objects: FaultyObjects) -> None:
    writer = open_journal(objects).writer("n")
    failing = Failing(1000, Unavailable())
    objects.before = failing
    with ThreadPoolExecutor(1) as pool:
        appending = pool.submit(writer.append, [entry(1)])
        poll(lambda: len(failing.keys) > 0)
        writer.close()
        with pytest.raises(StorageFailed):
            appending.result(5)


@pytest.mark.parametrize("error", [OutOfSpace(), Denied()])
def test_what_was_refused_was_not_written_and_the_stream_goes_on(
    objects: FaultyObjects, error: IsocenterError
) -> None:
    writer = open_journal(objects).writer("n")
    writer.append([entry(1)])
    objects.before = Failing(1, error)
    with pytest.raises(type(error)):
        writer.append([entry(2)])
    assert writer.append([entry(3)])[0].sequence == 2
    assert versions(open_journal(objects), writer.stream) == [1, 3]


def test_a_refusal_after_a_doubt_settles_nothing(objects: FaultyObjects) -> None:
    writer = open_journal(objects).writer("n")
    objects.after = Failing(1, Unavailable())
    objects.before = RefuseSecond()
    assert writer.append([entry(1)])[0].sequence == 1
    assert writer.append([entry(2)])[0].sequence == 2
    assert versions(open_journal(objects), writer.stream) == [1, 2]


class RefuseSecond:
    puts = 0

    def __call__(self, method: str, key: str) -> None:
        self.puts += method == "put"
        if self.puts == 2:
            raise OutOfSpace


def test_calls_that_come_while_one_is_put_share_the_next(objects: FaultyObjects) -> None:
    writer = open_journal(objects).writer("n")
    gate, entered = threading.Event(), threading.Event()

    def hold(method: str, key: str) -> None:
        if method == "put":
            entered.set()
            assert gate.wait(10)

    objects.before = hold
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(writer.append, [entry(1)])
        assert entered.wait(10)
        others = [pool.submit(writer.append, [entry(n)]) for n in range(2, 10)]
        poll(lambda: len(writer._commits._group._waiting) == 8)
        gate.set()
        assert first.result(10)[0].sequence == 1
        assert {other.result(10)[0].sequence for other in others} == {2}
    assert objects.calls["put"] == 2


def test_two_processes_of_one_name_write_two_streams(objects: FaultyObjects) -> None:
    first, second = open_journal(objects), open_journal(objects)
    one, other = first.writer("n"), second.writer("n")
    for number in range(1, 5):
        one.append([entry(number)])
        other.append([entry(10 * number)])
    reader = open_journal(objects)
    assert reader.ends() == {one.stream: 4, other.stream: 4}
    assert versions(reader, one.stream) == [1, 2, 3, 4]
    assert versions(reader, other.stream) == [10, 20, 30, 40]


WRITER = """
import sys
from pathlib import Path
from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.runtime.clock import HybridClock
from tests.support.object_journals import entry

writer = ObjectJournal(FilesystemObjects(Path(sys.argv[1])), HybridClock()).writer("killed")
for number in range(1, 100_000):
    writer.append([entry(number)])
    print(writer.stream.epoch, number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_all_it_acknowledged_and_perhaps_one_more(
    tmp_path: Path,
) -> None:
    for round_ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(20 + 7 * round_)]
        child.kill()
        told += child.stdout.readlines()
        epoch, number = told[-1].split()
        child.wait()
        child.stdout.close()
        stream, acknowledged = Stream("killed", epoch), int(number)
        reader = ObjectJournal(FilesystemObjects(tmp_path), HybridClock())
        end = reader.ends()[stream]
        assert end in {acknowledged, acknowledged + 1}
        assert versions(reader, stream) == list(range(1, end + 1))

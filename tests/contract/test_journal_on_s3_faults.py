"""The journal on real S3 stores that are killed, slow, or lose their answers; and processes that are killed."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.object_journals import AT_ONCE, entry, race, versions
from tests.support.poll import poll
from tests.support.s3_proxy import Asked, Forward, Proxy, Rule, Told, failing, proxied
from tests.support.s3_servers import RunningS3, S3ForTests
from tests.support.s3_stores import IMPATIENT, open_bucket

from isocenter.adapters.journal.objects import ObjectJournal, Pace
from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.errors import IsocenterError
from isocenter.ports.journal import Stream
from isocenter.runtime.clock import HybridClock

Opening = Callable[..., ObjectJournal]


@pytest.fixture
def spools(tmp_path: Path) -> LocalSpools:
    return LocalSpools(tmp_path)


def opening(server: S3ForTests, spools: LocalSpools) -> Opening:
    """Opens the journal of one fresh bucket, as many times as it is called."""
    bucket = server.fresh_bucket()

    def open_journal(pace: Pace | None = None, address: str = "") -> ObjectJournal:
        place = open_bucket(server, bucket, address=address, patience=IMPATIENT)
        return ObjectJournal(S3Objects(place, spools), HybridClock(), pace)

    return open_journal


@pytest.fixture
def on_minio(minio: S3ForTests, spools: LocalSpools) -> Opening:
    return opening(minio, spools)


@pytest.fixture
def on_versitygw(versitygw: S3ForTests, spools: LocalSpools) -> Opening:
    return opening(versitygw, spools)


@pytest.fixture
def proxy(minio: S3ForTests) -> Iterator[Proxy]:
    with proxied(minio.address) as proxy:
        yield proxy


@pytest.mark.parametrize("store", ["on_minio", "on_versitygw"])
def test_nothing_is_lost_while_readers_and_writers_race(
    store: str, request: pytest.FixtureRequest
) -> None:
    open_journal: Opening = request.getfixturevalue(store)
    race([open_journal(AT_ONCE) for _ in range(5)], commits=100)


class Puts:
    """Does something else with some of the writes, and remembers them."""

    def __init__(self, which: range, rule: Rule) -> None:
        self.count = 0
        self.keys: list[str] = []
        self._which = which
        self._rule = rule

    def __call__(self, asked: Asked, forward: Forward) -> Told | None:
        if asked.method != "PUT":
            return forward(asked)
        self.count += 1
        self.keys.append(asked.key)
        return self._rule(asked, forward) if self.count in self._which else forward(asked)


def lose_the_answer(asked: Asked, forward: Forward) -> None:
    forward(asked)


def lose_the_request(asked: Asked, forward: Forward) -> None:
    del asked, forward


def store_and_complain(asked: Asked, forward: Forward) -> Told:
    forward(asked)
    return failing(503, "SlowDown")


def complain(asked: Asked, forward: Forward) -> Told:
    del asked, forward
    return failing(500, "InternalError")


@pytest.mark.parametrize("rule", [lose_the_answer, lose_the_request, store_and_complain, complain])
def test_a_commit_whose_answer_is_lost_is_there_once(
    on_minio: Opening, proxy: Proxy, rule: Rule
) -> None:
    writer = on_minio(address=proxy.address).writer("n")
    puts = proxy.rule = Puts(range(2, 8), rule)
    for number in range(1, 4):
        assert writer.append([entry(number)])[0].sequence == number
    assert puts.count == 9
    assert len(set(puts.keys)) == 3
    reader = on_minio()
    assert reader.ends() == {writer.stream: 3}
    assert versions(reader, writer.stream) == [1, 2, 3]


def test_appends_to_a_slow_store_share_commits(on_minio: Opening, proxy: Proxy) -> None:
    writer = on_minio(address=proxy.address).writer("n")
    gate = threading.Event()

    def dawdle(asked: Asked, forward: Forward) -> Told:
        assert gate.wait(10)
        return forward(asked)

    puts = proxy.rule = Puts(range(1, 2), dawdle)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(writer.append, [entry(n)]) for n in range(1, 9)]
        poll(lambda: len(writer._commits._group._waiting) == 7)
        gate.set()
        places = [call.result(10)[0] for call in calls]
    assert puts.count == 2
    assert {place.sequence for place in places} == {1, 2}


def append_until(writer_of: Callable[[], ObjectJournal], stop: threading.Event) -> list[int]:
    """Versions that were acknowledged; a new stream after each that ended, as processes do."""
    acknowledged: list[int] = []
    journal, version = writer_of(), 0
    writer = journal.writer("n")
    while not stop.is_set():
        version += 1
        try:
            writer.append([entry(version)])
        except IsocenterError:
            writer = journal.writer("n")
        else:
            acknowledged.append(version)
    return acknowledged


def has_acknowledged(calls: list[Future[list[int]]], journal: ObjectJournal, more: int) -> None:
    """Wait until the journal has grown by so many commits."""
    grown = sum(journal.ends().values()) + more
    poll(lambda: sum(journal.ends().values()) >= grown or any(c.done() for c in calls), 30)


def test_a_store_that_is_killed_under_load_has_all_it_acknowledged(
    minio_to_harm: RunningS3, spools: LocalSpools
) -> None:
    open_journal = opening(minio_to_harm.store, spools)
    stop = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(append_until, open_journal, stop) for _ in range(4)]
        try:
            for _ in range(3):
                has_acknowledged(calls, open_journal(), 60)
                minio_to_harm.kill()
                minio_to_harm.start()
            has_acknowledged(calls, open_journal(), 20)
        finally:
            stop.set()
        acknowledged = sorted(version for call in calls for version in call.result(60))
    reader = open_journal()
    read = [version for stream in reader.ends() for version in versions(reader, stream)]
    assert len(acknowledged) > 200
    for version in acknowledged:
        read.remove(version)  # one for one: what is left was never acknowledged
    assert len(read) <= 3 * 4


WRITER = """
import json, sys
from isocenter.adapters.open import open_journal
from isocenter.runtime.clock import HybridClock
from tests.support.object_journals import entry

given = json.loads(sys.stdin.readline())
writer = open_journal(given.pop("url"), HybridClock(), **given).writer("killed")
for number in range(1, 100_000):
    writer.append([entry(number)])
    print(writer.stream.epoch, number, flush=True)
"""


def test_processes_of_one_name_that_are_killed_between_commits_leave_all_they_acknowledged(
    minio: S3ForTests, spools: LocalSpools, tmp_path: Path
) -> None:
    bucket = minio.fresh_bucket()
    given = {**minio.access, "url": minio.url(bucket), "spool_folder": str(tmp_path)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told: list[list[str]] = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write(json.dumps(given) + "\n")
        child.stdin.close()
    for child in children:
        assert child.stdout is not None
        told.append([child.stdout.readline() for _ in range(30)])
    for child, lines in zip(children, told, strict=True):
        assert child.stdout is not None
        child.kill()
        lines.extend(child.stdout.readlines())
        child.wait()
        child.stdout.close()
    reader = ObjectJournal(S3Objects(open_bucket(minio, bucket), spools), HybridClock())
    ends = reader.ends()
    assert len(ends) == 2
    for lines in told:
        epoch, number = lines[-1].split()
        stream = Stream("killed", epoch)
        assert ends[stream] in {int(number), int(number) + 1}
        assert versions(reader, stream) == list(range(1, ends[stream] + 1))

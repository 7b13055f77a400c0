"""Faults of processes, of the broker and of the disk: each holds while its block lasts, and is undone after it.

Each gives what is to be done again and again meanwhile: what the platform's users do all day.
"""

import itertools
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import httpx
from tests.support.alerting.watched import GIB, ROOM_BYTES, Watched
from tests.support.part10 import SECONDARY_CAPTURE, part10
from tests.support.scu import Association
from tests.support.senders import fresh_uid, give_study

Meanwhile = Callable[[], object]
Fault = Callable[[Watched], AbstractContextManager[Meanwhile]]
STARTED = 'process_start_time_seconds{node="web-0"}'
GUESSES = 10  # an address may fail so often in a minute
FILES_MORE = 20
SEARCHES = 100
ADDRESSES = itertools.cycle(f"127.0.0.{number}" for number in range(2, 250))


def nothing() -> None:
    """The fault goes on by itself."""


@contextmanager
def receiver_killed(watched: Watched) -> Iterator[Meanwhile]:
    """The one ingest process is dead."""
    watched.pods.kill("ingest")
    try:
        yield nothing
    finally:
        watched.pods.run("ingest")


@contextmanager
def indexer_halted(watched: Watched) -> Iterator[Meanwhile]:
    """A process is there and does nothing."""
    watched.pods.signal("indexer", signal.SIGSTOP)
    try:
        yield nothing
    finally:
        watched.pods.signal("indexer", signal.SIGCONT)


@contextmanager
def killed_again_and_again(watched: Watched) -> Iterator[Meanwhile]:
    """A process is killed as soon as it has shown its metrics."""

    def restart() -> None:
        (before_s,) = watched.prometheus.values(f"last_over_time({STARTED}[1m])")
        watched.pods.kill("web")
        watched.pods.run("web")
        watched.until_seen(f"{STARTED} > {before_s}")

    yield restart


@contextmanager
def broker_dead(watched: Watched) -> Iterator[Meanwhile]:
    """The broker is dead when a study arrives."""
    watched.nats.kill()
    try:
        give_study(watched.pods.url)
        yield nothing
    finally:
        watched.nats.start()


@contextmanager
def disk_nearly_full(watched: Watched) -> Iterator[Meanwhile]:
    """Less room than the low mark asks for."""
    watched.leave_room(3 * GIB)
    try:
        yield nothing
    finally:
        watched.leave_room(ROOM_BYTES)


@contextmanager
def disk_full_for_receivers(watched: Watched) -> Iterator[Meanwhile]:
    """Less room than the hard mark asks for, and people go on sending over HTTP."""
    watched.leave_room(GIB)

    def send() -> None:
        content = part10(fresh_uid())
        httpx.post(f"{watched.pods.url}/api/import", content=content, timeout=20)

    try:
        yield send
    finally:
        watched.leave_room(ROOM_BYTES)


@contextmanager
def disk_without_any_room(watched: Watched) -> Iterator[Meanwhile]:
    """The journal cannot be written while people search, once they have used up what it has reserved."""

    def search() -> None:
        watched.leave_room(0)  # what was tidied away meanwhile is room again
        with httpx.Client(timeout=20) as client:
            for _ in range(SEARCHES):
                client.get(f"{watched.pods.url}/dicom-web/studies")

    try:
        yield search
    finally:
        watched.leave_room(ROOM_BYTES)


@contextmanager
def tokens_guessed(watched: Watched) -> Iterator[Meanwhile]:
    """Somebody tries tokens, from one address after the other."""

    def guess() -> None:
        transport = httpx.HTTPTransport(local_address=next(ADDRESSES))
        with httpx.Client(transport=transport, timeout=20) as client:
            for number in range(GUESSES):
                proof = {"Authorization": f"Bearer token-{number}"}
                answer = client.get(f"{watched.pods.url}/dicom-web/studies", headers=proof)
                assert answer.status_code == httpx.codes.UNAUTHORIZED

    yield guess


@contextmanager
def senders_that_stay(watched: Watched) -> Iterator[Meanwhile]:
    """Associations are opened and never used, by as many senders as the process has files for."""
    pid = watched.pods.pid("ingest")
    (opened,) = watched.prometheus.values('process_open_fds{node="ingest-0"}')
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (int(opened) + FILES_MORE, before[1]))
    try:
        with ExitStack() as stack:
            for _ in range(FILES_MORE - 4):
                port = watched.pods.dicom_port
                stack.enter_context(Association(port, sop_class=SECONDARY_CAPTURE))
            yield nothing
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

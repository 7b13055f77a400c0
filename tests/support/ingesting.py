"""All of ingest on the adapters of the embedded profile, with the real indexer's fold following the journal."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support.buses import RecordingBus

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader
from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.dicomweb.problems import problem_of
from isocenter.errors import IsocenterError, Unavailable
from isocenter.events.entries import MESSAGES, EntryKind
from isocenter.indexer.follow import Follower
from isocenter.indexer.recompute import recompute
from isocenter.indexer.scribe import Scribe
from isocenter.ingest.service import Ingest, IngestPorts
from isocenter.ingest.settings import IngestSettings
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import NOBODY, Caller, local_administrator
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.recording import Recording
from isocenter.runtime.web_app import WebApp

PAUSE_S = 0.01


@dataclass
class Site:
    """One data folder and one process on it; `caller` is who asks."""

    root: Path
    ingest: Ingest
    ports: IngestPorts
    bus: RecordingBus
    caller: Caller
    app: WebApp

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://archive.example")

    def entries(self, kind: EntryKind) -> list[object]:
        journal = self.ports.recording.journal
        return [
            MESSAGES[kind].FromString(record.entry.payload)
            for stream in journal.ends()
            for record in journal.read(stream)
            if record.entry.kind == kind
        ]

    def objects(self, prefix: str = "instances/") -> list[str]:
        return [info.key for info in self.ports.objects.list(prefix)]


def settings_for(root: Path, **given: object) -> IngestSettings:
    return IngestSettings(data_folder=root, **given)  # type: ignore[arg-type]


@contextmanager
def site(
    root: Path,
    *,
    clock: Clock | None = None,
    objects: ObjectStore | None = None,
    **given: object,
) -> Iterator[Site]:
    """Open it; leaving seals the journal as an orderly stop does."""
    archive = root / "archive"
    archive.mkdir(exist_ok=True)
    clock = clock or HybridClock()
    journal = FileJournal(archive, clock)
    writer = journal.writer("ingest")
    bus = RecordingBus()
    auditor = Auditor(journal.writer("ingest-audit"), clock)
    store = objects or FilesystemObjects(archive)
    ports = IngestPorts(
        Recording(clock, journal, writer, auditor), store, SqliteReader(root / "index"), bus
    )
    given = {"purge_margin_s": 0, "purge_settle_s": 0, **given}
    ingest = Ingest(ports, settings_for(root, **given))
    made = Site(
        root,
        ingest,
        ports,
        bus,
        local_administrator("127.0.0.1"),
        WebApp([], authenticate=_nobody, problem=_problem),
    )

    async def authenticate(headers: dict[str, str], method: str, peer: str) -> Caller:
        del headers, method, peer
        return made.caller

    made.app = WebApp(ingest.routes(), authenticate=authenticate, problem=_problem, auditor=auditor)
    with indexing(root, clock):
        try:
            yield made
        finally:
            ingest.close()
            auditor.close(5)
            with suppress(IsocenterError):
                writer.close()
            ports.index.close()
            journal.close()


@contextmanager
def indexing(root: Path, clock: Clock) -> Iterator[None]:
    """The indexer's fold, in a thread, a few milliseconds behind the journal."""
    journal = FileJournal(root / "archive", clock)
    index = SqliteGenerations(root / "index").open()
    scribe = Scribe(journal.writer("indexer"), clock)
    follower = Follower(index, journal, scribe, clock, "")
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(PAUSE_S):
            with suppress(Unavailable):
                follower.follow(journal.ends())
                follower.save()
                if studies := index.dirty(clock.now_ms() + 1):
                    recompute(follower, studies, clock, "")

    thread = threading.Thread(target=follow, name="indexing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        scribe.close()
        index.close()
        journal.close()


@asynccontextmanager
async def announcing(made: Site) -> AsyncIterator[None]:
    """Run the announcer for the time of a test."""
    import asyncio

    task = asyncio.ensure_future(made.ingest.announcer.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _nobody(headers: dict[str, str], method: str, peer: str) -> Caller:
    del headers, method, peer
    return NOBODY


def _problem(error: IsocenterError) -> tuple[int, list[tuple[str, str]], bytes]:
    problem = problem_of(error)
    return problem.status, list(problem.headers), problem.body

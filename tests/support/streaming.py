"""The streaming service on a real port, in a thread of its own."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import uvloop
from tests.support.archive import Archive

from isocenter.dicomweb.problems import answer_of
from isocenter.errors import NotFound
from isocenter.runtime.caller import Caller, local_administrator
from isocenter.runtime.web_app import WebApp
from isocenter.runtime.web_server import WebServer, open_socket
from isocenter.streaming.ports import Ports
from isocenter.streaming.service import build
from isocenter.streaming.settings import StreamingSettings


@dataclass
class Decisions:
    """Stands where the indexer's and the transcoder's processes would be asked, and remembers what it was asked."""

    asked: list[tuple[str, str, str, str]]

    async def handle(
        self, hold_id: str, action: Literal["release", "drop"], caller: str, reason: str
    ) -> str:
        if hold_id.startswith("0000"):
            raise NotFound("there is no such hold")
        self.asked.append((hold_id, action, caller, reason))
        return "1.2.3"

    async def transcode(self, study: str, urgency: str) -> tuple[int, int, int]:
        self.asked.append((study, "transcode", "", urgency))
        return 3, 2, 1


@dataclass(frozen=True)
class Serving:
    """Where it listens, and what it was asked to decide."""

    url: str
    decisions: Decisions

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"


@contextlib.contextmanager
def streaming(
    archive: Archive, caller: Caller | None = None, **settings: object
) -> Iterator[Serving]:
    """Serve an archive; `settings` override those of the service."""
    loop = uvloop.new_event_loop()
    started = threading.Event()
    decisions = Decisions([])
    stop: list[WebServer] = []
    addresses: list[str] = []

    async def authenticate(headers: dict[str, str], method: str, peer: str) -> Caller:
        del headers, method
        return caller or local_administrator(peer)

    async def serve() -> None:
        made = StreamingSettings(data_folder=archive.root, **settings)  # type: ignore[arg-type]
        ports = Ports(archive.reader, archive.objects, archive.journal, decisions, decisions)
        service = build(ports, made)
        app = WebApp(service.routes, authenticate=authenticate, problem=answer_of)
        sock = open_socket("127.0.0.1", 0)
        server = WebServer(app, sock, grace_s=1)
        stop.append(server)
        addresses.append(f"http://127.0.0.1:{server.port}")
        started.set()
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = [
                group.create_task(task())  # type: ignore[arg-type]  # coroutine functions, all of them
                for task in service.tasks.values()
            ]
            await server.serve()
            for drain in service.drains:
                drain(1.0)
            for task in tasks:
                task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    asyncio.set_event_loop(None)
    thread.start()
    started.wait(10)
    try:
        yield Serving(addresses[0], decisions)
    finally:
        loop.call_soon_threadsafe(stop[0].stop)
        thread.join(10)

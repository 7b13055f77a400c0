"""Threads for request bodies: a bounded number of bodies at once, read no faster than they can be written."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Protocol, TypeVar

from isocenter.errors import Busy
from isocenter.runtime.web import Request

BATCH_BYTES = 1 << 20  # handed to a thread at once: a hop costs more than writing 64 KiB
MAX_CHUNKS = 512  # of a batch, when they are tiny
RETRY_AFTER_S = 5.0
POLL_S = 0.01

T = TypeVar("T")


class Sink(Protocol):
    """Where a body goes; called by one thread at a time."""

    def feed(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes; blocks."""
        ...

    def abort(self) -> None:
        """The body does not come to its end; blocks."""
        ...


class Workers:
    """At most `bodies` are taken at once; as many again may wait, then Busy is raised."""

    def __init__(self, bodies: int) -> None:
        self._feeders = ThreadPoolExecutor(bodies, thread_name_prefix="body")
        self.finishers = ThreadPoolExecutor(2 * bodies, thread_name_prefix="finish")
        self._turns = asyncio.Semaphore(bodies)
        self._most = 2 * bodies
        self._here = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a free place; nothing of the body is read before."""
        if self._here >= self._most:
            raise Busy("too many bodies are being received", retry_after_s=RETRY_AFTER_S)
        self._here += 1
        try:
            async with self._turns:
                yield
        finally:
            self._here -= 1

    async def run(self, call: Callable[..., T], *arguments: object) -> T:
        """Run blocking work of a request in a thread."""
        within = copy_context()  # of the request's span
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._feeders, within.run, call, *arguments)

    async def pour(self, request: Request, sink: Sink) -> None:
        """Give the whole body to the sink; on any failure the sink is aborted and the failure raised."""
        try:
            await self._pour(request, sink)
        except BaseException:
            await asyncio.shield(self.run(sink.abort))
            raise

    async def _pour(self, request: Request, sink: Sink) -> None:
        working: asyncio.Future[None] | None = None
        batch: list[bytes] = []
        size = 0
        try:
            async for chunk in request.stream():
                batch.append(chunk)
                size += len(chunk)
                if size < BATCH_BYTES and len(batch) < MAX_CHUNKS:
                    continue
                if working is not None:
                    await working
                working = asyncio.ensure_future(self.run(sink.feed, batch))
                batch, size = [], 0
        finally:
            if working is not None:
                await asyncio.shield(working)
        if batch:
            await self.run(sink.feed, batch)

    def wait_idle(self, timeout_s: float) -> None:
        """Wait until no body is being taken, at most that long; called from outside the event loop."""
        end_s = time.monotonic() + timeout_s
        while self._here and time.monotonic() < end_s:
            time.sleep(POLL_S)

    def close(self) -> None:
        """Let running work end; take no more."""
        self._feeders.shutdown(wait=True)
        self.finishers.shutdown(wait=True)

"""The indexer among the others: events in, events out, and what happens between. One thread does what blocks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Literal, TypeVar

from isocenter.errors import Busy, IsocenterError, Unavailable
from isocenter.events.event import Event
from isocenter.indexer.indexing import Indexer
from isocenter.indexer.settings import IndexerSettings
from isocenter.ports.bus import EventBus
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.publish import publish_all
from isocenter.runtime.tracing import span_within

QUIET_S = 0.12  # without anything new for so long, documents are made at once; writers speak every 0.1 s at most
RETRY_S = 1.0
SAY_AGAIN_S = 60.0
NEAR_COMMITS = 2_000  # a rebuild this near to the serving index takes over

R = TypeVar("R")
log = logger(__name__)


class IndexerService:
    """Runs an `Indexer`; `opening` opens it and may take long, when the index was lost.

    While another process writes the index it stands by: it hears no events, and whoever asks is sent on at once.
    """

    def __init__(
        self, opening: Callable[[], Indexer], bus: EventBus, settings: IndexerSettings
    ) -> None:
        self._opening = opening
        self._bus = bus
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="indexer")
        self._opened: Indexer | None = None
        self._tried = asyncio.Event()  # to open the index, whatever came of it
        self._changed = asyncio.Event()
        self._changed_s = 0.0
        self._saying = asyncio.Lock()
        self._rebuilding = asyncio.Lock()
        self._failure = ("", "")
        self._failure_s = 0.0

    @property
    def is_indexing(self) -> bool:
        """Whether the index is open here; events are for the process that has it."""
        return self._opened is not None and self._opened.is_open

    async def on_events(self, events: Sequence[Event]) -> Sequence[Event]:
        """Hints that the journal has grown: whatever they name, it is followed to its end."""
        await self._call(lambda indexer: indexer.named(events))
        await self.catch_up()
        return ()  # what was decided is said by `_say`, which also knows what a crash left unsaid

    async def catch_up(self) -> int:
        """Apply all that is committed by now, and say what was decided."""
        with span_within("index") as traced:
            applied = await self._call(Indexer.follow)
            traced.set("count", applied)
        if applied:
            self._changed_s = time.monotonic()
            self._changed.set()
        await self._say()
        return applied

    async def handle_held(
        self, hold_id: str, state: Literal["released", "dropped"], caller: str, reason: str
    ) -> str:
        """A person decided; durable and applied on return. Returns the study."""
        study = await self._call(
            lambda indexer: indexer.handle_held(hold_id, state, caller, reason)
        )
        self._changed.set()
        try:
            await self._say()
        except Unavailable:
            log.warning("bus_unavailable")  # decided all the same; the sweep says it
        return study

    async def sweep(self) -> None:
        """Open the index, then look after what events failed to say, and complete studies; for ever."""
        METRICS.set("isocenter_indexing", 0)
        await self._open()
        while True:
            METRICS.set("isocenter_indexing", int(self.is_indexing))
            await asyncio.sleep(self._settings.sweep_s)
            try:
                await self._sweep_once()
            except IsocenterError as error:
                if self._is_news("sweep", error):
                    log.warning("sweep_failed", reason=error.reason)
                with suppress(IsocenterError):
                    await self._do(Indexer.measure)

    async def keep_documents(self) -> None:
        """Recompute series and study documents: at once when nothing comes, else now and then; for ever.

        Now and then also for studies that the process marked which had the index before, in a write that came late.
        """
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._settings.sweep_s)
            self._changed.clear()
            if not self.is_indexing:  # whoever opens the index recomputes what is marked by then
                continue
            try:
                await self._refresh()
            except IsocenterError as error:
                log.warning("documents_late", reason=error.reason)
                await asyncio.sleep(RETRY_S)
                self._changed.set()

    async def rebuild(self) -> AsyncIterator[tuple[int, int]]:
        """Rebuild beside the serving index, then swap; gives (commits applied, commits known) as it goes on."""
        if self._rebuilding.locked():
            raise Busy("a rebuild is running")
        async with self._rebuilding:
            rebuild = await self._call(Indexer.start_rebuild)
            progress = [(0, 0)]

            def tell(applied: int, total: int) -> None:
                progress[0] = (applied, total)

            while True:
                through = await self._call(Indexer.applied)
                positions = rebuild.follower.positions
                if sum(end - positions.get(s, 0) for s, end in through.items()) < NEAR_COMMITS:
                    break
                advancing = asyncio.ensure_future(asyncio.to_thread(rebuild.advance, through, tell))
                while not advancing.done():
                    await asyncio.wait([advancing], timeout=0.5)
                    yield progress[0]
                await advancing
            await asyncio.to_thread(rebuild.finish)
            await self._call(lambda indexer: indexer.take_over(rebuild))
            total = sum(through.values())
            yield total, total

    def close(self) -> None:
        """Keep positions; waits for what the thread is doing."""
        if self._opened is not None:
            self._thread.submit(self._let_go).result()
        self._thread.shutdown()

    def _let_go(self) -> None:
        if self._opened is not None:
            try:
                self._opened.close()
            except Unavailable:  # it is another's by now, or away: what is not kept is read again
                log.warning("positions_not_kept")

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        while self._opened is None:
            try:
                self._opened = await loop.run_in_executor(self._thread, self._opening)
            except IsocenterError as error:
                if self._is_news("open", error):
                    log.warning("index_not_open", reason=error.reason)
                self._tried.set()
                await asyncio.sleep(RETRY_S)
        self._tried.set()
        self._changed.set()

    def _is_news(self, what: str, error: IsocenterError) -> bool:
        """Whether to log a failure: the same one only once a minute, for who stands by fails every second."""
        failure, now_s = (what, error.reason), time.monotonic()
        if failure == self._failure and now_s - self._failure_s < SAY_AGAIN_S:
            return False
        self._failure, self._failure_s = failure, now_s
        return True

    async def _call(self, work: Callable[[Indexer], R]) -> R:
        """Do something in the indexer's thread; raises Unavailable while the index is not open here."""
        await self._tried.wait()
        if not self.is_indexing:
            raise Unavailable("this process does not write the index now", retry_after_s=RETRY_S)
        return await self._do(work)

    async def _do(self, work: Callable[[Indexer], R]) -> R:
        indexer = self._opened
        assert indexer is not None  # noqa: S101  (the sweep opens it first)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, indexer)

    async def _sweep_once(self) -> None:
        if not await self._do(Indexer.stands):
            await self._do(Indexer.reopen)
        await self.catch_up()
        await self._say_on_behalf()
        if await self._call(Indexer.complete):
            await self._say()

    async def _say_on_behalf(self) -> None:
        overdue = await self._call(Indexer.overdue)
        if overdue:
            await publish_all(self._bus, overdue)
            await self._call(lambda indexer: indexer.named(overdue))
            log.info("said_on_behalf", count=len(overdue))

    async def _say(self) -> None:
        """Publish what was decided, in order of commits; then remember that it was said."""
        async with self._saying:
            for saying in await self._call(Indexer.unsaid):
                await publish_all(self._bus, saying.events)
                await self._call(partial(Indexer.said, saying=saying))

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(QUIET_S)
            is_quiet = time.monotonic() - self._changed_s >= QUIET_S
            wait_ms = 0 if is_quiet else int(self._settings.recompute_s * 1000)
            made = await self._call(partial(Indexer.refresh, older_than_ms=wait_ms))
            if is_quiet and not made:
                return

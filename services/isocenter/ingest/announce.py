"""Say on the bus what became durable: called by every thread that appends, published by one task.

Announcing never waits and never fails: the answer to the sender does not depend on the bus, and what is not said here
the sweep over the journal finds out.
"""

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace

from isocenter.errors import IsocenterError, TransientError
from isocenter.events.announcements import Announced, Announcement, announcement, events_of
from isocenter.events.event import Event
from isocenter.ports.bus import EventBus
from isocenter.ports.journal import Entry, Position
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.publish import publish
from isocenter.runtime.tracing import traceparent

MAX_BATCH = 200  # entries
COLLECT_S = 0.020  # the first after a rest
STEADY_S = 0.100  # while one batch follows the other: each costs broker and indexer a sync and a transaction
MAX_WAITING = 50_000  # entries; more are left to the sweep
MAX_IN_FLIGHT = 64  # events
FIRST_RETRY_S = 0.1
MAX_RETRY_S = 5.0
POLL_S = 0.005
MAX_DRAIN_S = 3.0  # what is not said by then the sweep says

log = logger(__name__)


class Announcer:
    """Collects announcements of a process and publishes them from `run`, which is a task of the service."""

    def __init__(self, bus: EventBus, site: str) -> None:
        self._bus = bus
        self._site = site
        self._waiting: deque[Announcement] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._something = asyncio.Event()
        self._enough = asyncio.Event()
        self._is_woken = False
        self._said_s = float("-inf")
        self._is_losing = False
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._is_quiet = threading.Event()
        self._is_quiet.set()

    def announce(self, position: Position, entry: Entry, message: Announced) -> None:
        """Have an entry that is durable said soon. `message` is what the entry's payload holds; any thread."""
        if len(self._waiting) >= MAX_WAITING:
            self._lose()
            return
        self._is_quiet.clear()
        made = announcement(position, entry.version, entry.partition, message)
        parent = traceparent()
        self._waiting.append(replace(made, traceparent=parent) if parent else made)
        if not self._is_woken:
            self._is_woken = True
            self._wake(self._something)
        elif len(self._waiting) == MAX_BATCH:
            self._wake(self._enough)

    async def run(self) -> None:
        """Publish until cancelled: at most 200 entries, and 20 ms (100 ms in a steady stream), to an event."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._collect()
            self._is_quiet.clear()
            while batch := self._take():
                await self._publish_all(events_of(batch, self._site))
            self._said_s = time.monotonic()
            self._is_losing = False
            if not self._waiting:
                self._is_quiet.set()

    def drain(self, grace_s: float) -> None:
        """Wait until everything is said, at most that long; `run` has to be running.

        A broker that is away, stopped together with this process perhaps, is waited for a short time only.
        """
        end_s = time.monotonic() + min(grace_s, MAX_DRAIN_S)
        while self._waiting and time.monotonic() < end_s:
            time.sleep(POLL_S)
        self._is_quiet.wait(max(0.0, end_s - time.monotonic()))

    async def _collect(self) -> None:
        if not self._waiting:
            await self._something.wait()
        self._something.clear()
        if len(self._waiting) < MAX_BATCH:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s()):
                    await self._enough.wait()
        self._enough.clear()
        # before taking: whoever appends after the last look wakes us again
        self._is_woken = False

    def _patience_s(self) -> float:
        is_steady = time.monotonic() - self._said_s < STEADY_S
        return STEADY_S if is_steady else COLLECT_S

    def _take(self) -> list[Announcement]:
        count = min(len(self._waiting), MAX_BATCH)
        return [self._waiting.popleft() for _ in range(count)]

    async def _publish_all(self, events: list[Event]) -> None:
        """Publish until the bus has them all; order does not matter to anybody."""
        wait_s = FIRST_RETRY_S
        while True:
            refused = await asyncio.gather(*(self._publish(event) for event in events))
            events = [event for event in refused if event is not None]
            if not events:
                return
            log.warning("bus_does_not_take_events", count=len(events), wait_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, MAX_RETRY_S)

    async def _publish(self, event: Event) -> Event | None:
        """Publish one event; give it back when it is to be tried again."""
        async with self._in_flight:
            try:
                await publish(self._bus, event)
            except TransientError:
                return event
            except IsocenterError as error:
                METRICS.count("isocenter_events_unsaid_total", fact=event.fact.name)
                log.error(
                    "event_refused", fact=event.fact.name, event_id=event.id, reason=error.reason
                )
        return None

    def _wake(self, flag: asyncio.Event) -> None:
        if self._loop is None:
            return  # `run` looks before it waits
        with suppress(RuntimeError):  # the loop is closed: the process is on its way out
            self._loop.call_soon_threadsafe(flag.set)

    def _lose(self) -> None:
        METRICS.count("isocenter_events_unsaid_total", fact="any")
        if not self._is_losing:
            self._is_losing = True
            log.error("events_left_to_the_sweep", limit=MAX_WAITING)

"""What runs in a process while it serves, each part a named task; `lifecycle` starts and drains it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from isocenter.errors import InvalidRequest
from isocenter.ports.bus import EventBus
from isocenter.runtime.consume import consume
from isocenter.runtime.dead_letters import TooManyDeadLetters
from isocenter.runtime.health import Health
from isocenter.runtime.log import logger
from isocenter.runtime.service import Service, Subscription

if TYPE_CHECKING:  # a process without routes loads no web server
    from isocenter.runtime.web_server import WebServer

CONDITIONS_EVERY_S = 0.5
CANCEL_EVERY_S = 2.0  # what a task does to end takes less

log = logger(__name__)


class Running:
    """The tasks of one process. A task that fails is named in the log and ends the process, orderly."""

    def __init__(
        self,
        service: Service,
        bus: EventBus | None,
        web: "WebServer | None",
        health: Health,
        stop: asyncio.Event,
    ) -> None:
        self._service = service
        self._bus = bus
        self._web = web
        self._health = health
        self._stop = stop
        self._finishing: list[asyncio.Task[None]] = []  # end by themselves when told
        self._endless: list[asyncio.Task[None]] = []  # are cancelled
        self.failed = False

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start everything."""
        if self._web is not None:
            self._finishing.append(self._spawn(group, "http", self._web.serve))
        for number, subscription in enumerate(self._service.subscriptions):
            name = f"consume {number}"
            self._finishing.append(self._spawn(group, name, self._consuming(subscription)))
        if self._service.conditions:
            self._endless.append(self._spawn(group, "readiness", self._watch_conditions))
        for name, task in self._service.tasks.items():
            self._endless.append(self._spawn(group, name, task))

    async def wait_until_started(self) -> None:
        """Return when the port answers, or when something failed."""
        while (  # noqa: ASYNC110  (uvicorn has a flag, no event)
            self._web is not None and not self._web.started and not self._stop.is_set()
        ):
            await asyncio.sleep(0.005)

    async def drain(self, grace_s: float) -> None:
        """Let what is under way finish, at most that long; then cancel what is left."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        if self._web is not None:
            self._web.stop()
        drains = [
            asyncio.create_task(self._guarded("drain", partial(_in_thread, drain, grace_s)))
            for drain in self._service.drains
        ]
        waiting = {*self._finishing, *drains}
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=grace_s)
            for task in late:
                log.warning("drain_late", task=task.get_name(), grace_s=grace_s)
                task.cancel()
        deadline = max(deadline, loop.time() + 1.0)
        remaining = {task for task in (*self._finishing, *self._endless) if not task.done()}
        while remaining and loop.time() < deadline:
            for (
                task
            ) in remaining:  # again: `asyncio.wait_for` may swallow a cancellation (Python 3.11)
                task.cancel()
            _, remaining = await asyncio.wait(remaining, timeout=CANCEL_EVERY_S)

    async def _watch_conditions(self) -> None:
        while True:
            for reason, is_met in self._service.conditions.items():
                met = await asyncio.to_thread(is_met)
                await (self._health.unblock(reason) if met else self._health.block(reason))
            await asyncio.sleep(CONDITIONS_EVERY_S)

    def _spawn(
        self, group: asyncio.TaskGroup, name: str, start: Callable[[], Awaitable[None]]
    ) -> asyncio.Task[None]:
        return group.create_task(self._guarded(name, start), name=name)

    async def _guarded(self, name: str, start: Callable[[], Awaitable[None]]) -> None:
        try:
            await start()
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
        except Exception as error:
            log.exception("task_failed", task=name, error=type(error).__name__)
            self.failed = True
            self._stop.set()

    def _consuming(self, subscription: Subscription) -> Callable[[], Coroutine[None, None, None]]:
        """A consumer that gave up leaves the process up for people to look at, but not ready."""
        bus = self._bus
        if bus is None:
            raise InvalidRequest("a service that subscribes needs a bus")

        async def start() -> None:
            try:
                await consume(self._service.name, subscription, bus, self._stop)
            except TooManyDeadLetters as error:
                await self._health.block(error.reason)

        return start


async def _in_thread(drain: Callable[[float], None], grace_s: float) -> None:
    """Run a drain in a thread of its own, which does not keep the process alive; raises what it raises."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Exception | None] = loop.create_future()

    def finish(error: Exception | None) -> None:
        if not done.done():
            done.set_result(error)

    def work() -> None:
        failure: Exception | None = None
        try:
            drain(grace_s)
        except Exception as error:
            failure = error
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=work, name="drain", daemon=True).start()
    error = await done
    if error is not None:
        raise error

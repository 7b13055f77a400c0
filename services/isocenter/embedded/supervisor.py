"""One supervisor for a whole platform on one machine: servers, services, HTTP workers."""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx

from isocenter.embedded.broker_watch import BrokerWatch
from isocenter.embedded.children import Child, Keeper
from isocenter.embedded.layout import Layout
from isocenter.errors import Conflict, Unavailable

STOP_GRACE_S = 25.0
LOCK_POLL_S = 0.05


@contextlib.contextmanager
def only_one(layout: Layout) -> Iterator[int]:
    """Hold the data folder's lock; gives its descriptor, which the children keep open too.

    So it stays held while processes of a killed platform end; that is waited for. Raises Conflict when another
    platform runs there.
    """
    with (layout.data / "lock").open("a+") as file:
        deadline_s = time.monotonic() + STOP_GRACE_S + 10.0
        while not _locked(file.fileno()):
            if _is_alive(layout.data / "lock") or time.monotonic() > deadline_s:
                raise Conflict(f"another platform is running on {layout.data}")
            time.sleep(LOCK_POLL_S)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(lock: Path) -> bool:
    """Whether the supervisor named in the lock still runs."""
    text = lock.read_text()
    try:
        os.kill(int(text), 0)
    except (ValueError, ProcessLookupError):
        return not text  # it has the lock and is about to write its name
    except PermissionError:
        return True
    return True


async def until_open(address: str, port: int, timeout_s: float) -> None:
    """Wait until something accepts connections; raises Unavailable."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while asyncio.get_running_loop().time() < deadline:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            return
        await asyncio.sleep(0.03)
    raise Unavailable(
        f"nothing listens on {address}:{port} after {timeout_s:.0f} s; see the logs folder"
    )


async def until_answers(url: str, timeout_s: float) -> None:
    """Wait until the platform can tell its state; raises Unavailable."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/api/state")).status_code in (200, 401, 403):
                    return
            await asyncio.sleep(0.05)
    raise Unavailable(f"{url} does not answer after {timeout_s:.0f} s; see the logs folder")


Step = Callable[[], Awaitable[None]]


class Supervisor:
    """Starts the children in stages, keeps them running, and stops them in reverse."""

    def __init__(
        self, layout: Layout, children: list[Child], report: Callable[[str], None], lock: int
    ) -> None:
        self._layout = layout
        self._keepers = [Keeper(child, layout.logs, report, lock) for child in children]
        self._failure: Exception | None = None

    async def run(self, usable: Step, ready: Step, stop: asyncio.Event) -> None:
        """Run until `stop` is set: the first stage, then the others once `usable` returned, beside them `ready`.

        When one of the two fails everything is stopped, and its error raised.
        """
        first = min(keeper.child.stage for keeper in self._keepers)
        async with asyncio.TaskGroup() as group:

            def start(keepers: list[Keeper]) -> None:
                for keeper in keepers:
                    group.create_task(keeper.keep(), name=keeper.child.name)

            async def go_on() -> None:
                await usable()
                start([keeper for keeper in self._keepers if keeper.child.stage > first])
                await ready()

            start([keeper for keeper in self._keepers if keeper.child.stage == first])
            beside = [
                group.create_task(self._watch(keeper))
                for keeper in self._keepers
                if keeper.child.broker_store
            ]
            beside.append(group.create_task(self._announce(go_on, stop), name="ready"))
            await stop.wait()
            for task in beside:
                task.cancel()
            await self._stop_all()
        if self._failure is not None:
            raise self._failure

    async def _announce(self, ready: Step, stop: asyncio.Event) -> None:
        try:
            await ready()
        except Exception as error:
            self._failure = error
            stop.set()

    async def _watch(self, broker: Keeper) -> None:
        store = broker.child.broker_store
        assert store is not None  # noqa: S101  (it has one)
        await BrokerWatch(
            self._layout.logs / f"{broker.child.name}.log", store, broker.restart
        ).run()

    async def _stop_all(self) -> None:
        stages = sorted({keeper.child.stage for keeper in self._keepers}, reverse=True)
        for stage in stages:
            members = [keeper for keeper in self._keepers if keeper.child.stage == stage]
            await asyncio.gather(*(keeper.stop(STOP_GRACE_S) for keeper in members))

    def pids(self) -> dict[str, int]:
        """Process ids of the children that run, by name."""
        return {keeper.child.name: keeper.pid for keeper in self._keepers if keeper.pid is not None}


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM stop in order; a second one ends at once."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ask)


def write_address(path: Path, **facts: str | int) -> None:
    """Tell the command line where the platform is."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(facts))
    fresh.replace(path)

"""How a process lives: starting, serving, draining, stopped. Every service's `main.py` ends in `run`."""

import asyncio
import hashlib
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import uvloop

from isocenter.errors import IsocenterError
from isocenter.ports.bus import EventBus
from isocenter.runtime import tracing
from isocenter.runtime.health import Health
from isocenter.runtime.log import configure, logger
from isocenter.runtime.metrics_server import MetricsServer
from isocenter.runtime.probe_server import ProbeServer
from isocenter.runtime.rpc import make_server, open_port, socket_path
from isocenter.runtime.run_folder import only_one, prepare, rpc_token
from isocenter.runtime.running import Running
from isocenter.runtime.service import Service
from isocenter.runtime.settings import ServiceSettings, read_settings

if TYPE_CHECKING:  # a process without routes loads no web server
    from isocenter.runtime.web_server import WebServer

EXECUTOR_THREADS = 8
LAST_RESORT_S = 5.0  # beyond the grace time

log = logger(__name__)
S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True, slots=True)
class Process:
    """A service with what composition opened for it: a bus where it subscribes, a web server where it has routes."""

    service: Service
    bus: EventBus | None = None
    web: "WebServer | None" = None


Compose = Callable[[S, AsyncExitStack], Awaitable[Process]]
"""Opens adapters, pushing their closing on the stack, and builds the process; closed in reverse after draining."""


def run(settings_class: type[S], compose: Compose[S], **given: object) -> int:
    """Read settings, serve until SIGTERM or SIGINT, drain, and return the exit code.

    0 after a stop that was asked for, 1 when a task failed or the process could not start; a second signal ends at
    once with 3, and so does a drain that outlives its grace time by 5 s.
    """
    settings = read_settings(settings_class, **given)
    prepare(settings.run_folder)
    token = rpc_token(settings.run_folder, settings.rpc_token.get_secret_value())
    configure(
        settings.node,
        level=settings.log_level,
        log_uids=settings.log_uids,
        key=hashlib.sha256(b"log:" + token.encode()).digest(),
        site=settings.site,
    )
    try:
        with (
            only_one(settings.run_folder, settings.node),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(_main(settings, compose))
    except IsocenterError as error:
        log.error("not_started", reason=error.reason, error=error.message)
    except Exception as error:
        log.exception("not_started", error=type(error).__name__)
    return 1


async def _main(settings: S, compose: Compose[S]) -> int:
    stop = asyncio.Event()
    _listen_for_signals(stop, settings.grace_s)
    executor = ThreadPoolExecutor(EXECUTOR_THREADS, thread_name_prefix="blocking")
    asyncio.get_running_loop().set_default_executor(executor)
    async with AsyncExitStack() as stack:
        process = await compose(settings, stack)
        return await live(process, settings, stop)


def _listen_for_signals(stop: asyncio.Event, grace_s: float) -> None:
    def ask_to_stop(number: signal.Signals) -> None:
        log.info("signal", signal=number.name)
        if stop.is_set():
            os._exit(3)
        stop.set()
        timer = threading.Timer(grace_s + LAST_RESORT_S, os._exit, [3])
        timer.daemon = True
        timer.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop, number)


def _start_tracing(settings: ServiceSettings) -> None:
    """Send spans where the settings say; nothing of it is loaded where they do not."""
    if settings.otlp_url:
        from isocenter.runtime.otlp import OtlpBackend

        tracing.use(OtlpBackend(settings))


async def live(
    process: Process,
    settings: ServiceSettings,
    stop: asyncio.Event,
    serving: asyncio.Event | None = None,
) -> int:
    """Serve until `stop`, then drain; returns 0, or 1 when a task failed. `serving` is set once it serves.

    The order of an end: not-serving, no new requests and no more events, what is under way finishes and the service's
    drains run within the grace time, tasks are cancelled, RPC stops.
    """
    service = process.service
    _start_tracing(settings)
    token = rpc_token(settings.run_folder, settings.rpc_token.get_secret_value())
    health = Health(service.name)
    server = make_server(socket_path(settings.run_folder, settings.node), token)
    open_port(server, settings)
    probes = ProbeServer(settings)
    health.add_to(server)
    health.add_to(probes.server)
    for add in service.servicers:
        add(server)
    await server.start()
    await probes.start()
    metrics = MetricsServer(settings)
    await metrics.start()
    await health.become("starting")
    running = Running(process.service, process.bus, process.web, health, stop)
    try:
        async with asyncio.TaskGroup() as group:
            running.start(group)
            await running.wait_until_started()
            if not stop.is_set():
                await health.become("serving")
            if serving is not None:
                serving.set()
            await stop.wait()
            await health.become("draining")
            await running.drain(settings.grace_s)
    finally:
        await health.become("stopped")
        await metrics.stop()
        await server.stop(min(settings.grace_s, 5.0))
        await probes.stop()
        await asyncio.to_thread(tracing.stop, min(settings.grace_s, 2.0))
    return 1 if running.failed else 0

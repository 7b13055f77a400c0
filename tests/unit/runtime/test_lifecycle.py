"""A process from its start to its end, as its health service and its exit code show it."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from asyncio.subprocess import Process as Program
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.events import SITE, instance_stored
from tests.support.nats_server import RunningNats, running_nats
from tests.support.wait import until
from tests.support.web import administrator, problem

from isocenter.adapters.bus.nats import NatsBus
from isocenter.errors import InvalidInstance
from isocenter.events.catalog import INSTANCE_STORED
from isocenter.events.event import Event
from isocenter.runtime import running
from isocenter.runtime.caller import Action
from isocenter.runtime.consume import Policy, consume
from isocenter.runtime.lifecycle import Process, live
from isocenter.runtime.rpc import socket_path
from isocenter.runtime.service import Service, Subscription
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.web import Request, Route
from isocenter.runtime.web_app import WebApp
from isocenter.runtime.web_server import WebServer, open_socket

SERVING = int(health_pb2.HealthCheckResponse.SERVING)
NOT_SERVING = int(health_pb2.HealthCheckResponse.NOT_SERVING)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningNats]:
    with running_nats(tmp_path) as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    folder = tmp_path / "r"
    folder.mkdir()
    return ServiceSettings(node="small", site=SITE, run_folder=folder, grace_s=5)


async def health(settings: ServiceSettings, service: str = "small") -> int:
    """Ask as a probe does, without a token."""
    path = socket_path(settings.run_folder, settings.node)
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        return int(answer.status)


@asynccontextmanager
async def living(
    process: Process, settings: ServiceSettings
) -> AsyncIterator[tuple[asyncio.Event, asyncio.Task[int]]]:
    stop, serving = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(live(process, settings, stop, serving))
    await asyncio.wait([task, asyncio.ensure_future(serving.wait())], return_when="FIRST_COMPLETED")
    yield stop, task
    stop.set()
    async with asyncio.timeout(15):
        await asyncio.wait([task])


async def test_a_process_serves_and_drains_in_order(
    server: RunningNats, settings: ServiceSettings
) -> None:
    order: list[str] = []
    handling, go_on = asyncio.Event(), asyncio.Event()
    bus = NatsBus(server.url, site=SITE, token=server.token)
    await bus.publish(instance_stored())

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        handling.set()
        await go_on.wait()
        order.append("handled")
        return []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    async def hello(request: Request) -> None:
        await request.respond(200, b"hello")

    app = WebApp(
        [Route("GET", "/", Action.VERIFY, hello)], authenticate=administrator, problem=problem
    )
    web = WebServer(app, open_socket("127.0.0.1", 0), grace_s=2)
    service = Service(
        "small",
        subscriptions=[Subscription((INSTANCE_STORED,), handle)],
        tasks={"forever": forever},
        drains=[lambda grace_s: order.append(f"drained {grace_s}")],
    )
    async with living(Process(service, bus, web), settings) as (stop, task):
        assert await health(settings) == await health(settings, "") == SERVING
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{web.port}/")).text == "hello"
        await handling.wait()
        stop.set()

        async def is_draining() -> bool:
            return await health(settings) == NOT_SERVING

        await until(is_draining)
        assert not task.done()
        go_on.set()
        assert await task == 0
    await bus.close()
    assert order == ["drained 5.0", "handled", "cancelled"]


async def test_a_task_that_fails_ends_the_process_orderly_with_1(
    settings: ServiceSettings,
) -> None:
    async def fails() -> None:
        raise ValueError

    drained: list[float] = []
    service = Service("small", tasks={"fails": fails}, drains=[drained.append])
    async with living(Process(service), settings) as (_, task):
        assert await asyncio.wait_for(task, 10) == 1
    assert drained == [5.0]


async def test_work_that_outlives_the_grace_time_is_cut(settings: ServiceSettings) -> None:
    service = Service("small", drains=[lambda grace_s: asyncio.run(asyncio.sleep(grace_s * 20))])
    short = settings.model_copy(update={"grace_s": 0.2})
    async with living(Process(service), short) as (stop, task):
        stop.set()
        assert await asyncio.wait_for(task, 5) == 0


async def test_too_many_dead_letters_fail_readiness_and_leave_the_process_up(
    server: RunningNats, settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = partial(consume, policy=Policy(dead_letter_limit=1))
    monkeypatch.setattr(running, "consume", strict)

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        raise InvalidInstance

    bus = NatsBus(server.url, site=SITE, token=server.token)
    for number in range(1, 4):
        await bus.publish(instance_stored(number))
    service = Service("small", subscriptions=[Subscription((INSTANCE_STORED,), handle)])
    async with living(Process(service, bus), settings) as (_, task):

        async def is_unready() -> bool:
            return await health(settings) == NOT_SERVING

        await until(is_unready)
        assert await health(settings, "live") == SERVING
        assert not task.done()
    await bus.close()


@asynccontextmanager
async def program(tmp_path: Path, **environment: str) -> AsyncIterator[Program]:
    made = await create_subprocess_exec(
        sys.executable, "-m", "tests.support.small_service",
        cwd=ROOT, stdout=PIPE, stderr=PIPE,
        env={"PATH": "/usr/bin:/bin", "ISOCENTER_DATA_FOLDER": str(tmp_path), **environment},
    )  # fmt: skip
    try:
        yield made
    finally:
        if made.returncode is None:
            made.kill()
            await made.wait()


async def line(made: Program) -> bytes:
    assert made.stdout is not None
    async with asyncio.timeout(20):
        return await made.stdout.readline()


async def test_sigterm_ends_with_0_after_draining_and_closing(tmp_path: Path) -> None:
    async with program(tmp_path) as made:
        assert await line(made) == b"working\n"
        made.send_signal(signal.SIGTERM)
        assert [await line(made), await line(made)] == [b"draining\n", b"closed\n"]
        assert await asyncio.wait_for(made.wait(), 10) == 0


async def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    async with program(tmp_path, ISOCENTER_SMALL_HANGS="true") as made:
        assert await line(made) == b"working\n"
        made.send_signal(signal.SIGINT)
        assert await line(made) == b"draining\n"
        made.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(made.wait(), 5) == 3


async def test_a_failing_task_ends_the_program_with_1_and_a_bad_setting_with_2(
    tmp_path: Path,
) -> None:
    async with program(tmp_path, ISOCENTER_FAILS="true") as made:
        assert await asyncio.wait_for(made.wait(), 20) == 1
    async with program(tmp_path, ISOCENTER_SMALL_HANGZ="1", ISOCENTER_GRACE_S="-1") as made:
        _, told = await asyncio.wait_for(made.communicate(), 20)
        assert made.returncode == 2
        assert told.count(b"\n") == 2


async def test_a_second_process_of_a_name_does_not_start(tmp_path: Path) -> None:
    async with program(tmp_path) as first:
        assert await line(first) == b"working\n"
        async with program(tmp_path) as second:
            assert await asyncio.wait_for(second.wait(), 20) == 1
        assert first.returncode is None


async def test_a_condition_that_is_not_met_takes_readiness_away_for_as_long_and_leaves_life(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CONDITIONS_EVERY_S", 0.01)
    room = asyncio.Event()
    process = Process(Service("small", conditions={"LOW_MARK": room.is_set}))

    async def ready() -> bool:
        return await health(settings) == SERVING

    async with living(process, settings):
        assert await health(settings) == NOT_SERVING
        assert await health(settings, "live") == SERVING
        room.set()
        await until(ready)
        room.clear()
        await until(lambda: not_(ready))
        assert await health(settings, "live") == SERVING


async def not_(asked: Callable[[], Awaitable[bool]]) -> bool:
    return not await asked()

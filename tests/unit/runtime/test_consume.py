"""The consumer loop on a real broker: once, twice, a crash before the acknowledgement, and every ending."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from tests.contract.bus_suite import take
from tests.support.events import SITE, instance_stored, study_arrived
from tests.support.nats_server import RunningNats, running_nats
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.errors import InvalidInstance, Unavailable
from isocenter.events.catalog import INSTANCE_STORED, STUDY_ARRIVED
from isocenter.events.event import Event
from isocenter.runtime.consume import Policy, consume
from isocenter.runtime.dead_letters import TooManyDeadLetters
from isocenter.runtime.service import Subscription

Handle = Callable[[Sequence[Event]], Awaitable[Sequence[Event]]]
QUICK = Policy(
    fetch_s=0.2, first_backoff_s=0.05, longest_backoff_s=0.1, max_deliveries=3, lag_s=0.1
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningNats]:
    with running_nats(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def bus(server: RunningNats) -> AsyncIterator[NatsBus]:
    bus = NatsBus(server.url, site=SITE, token=server.token)
    yield bus
    await bus.close()


@asynccontextmanager
async def consuming(
    bus: NatsBus, handle: Handle, policy: Policy = QUICK
) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    subscription = Subscription((INSTANCE_STORED,), handle)
    task = asyncio.ensure_future(consume("indexer", subscription, bus, stop, policy))
    yield task
    stop.set()
    if not task.done():
        async with asyncio.timeout(5):
            await task


async def lag(bus: NatsBus) -> int:
    return await (await bus.consumer("indexer", [INSTANCE_STORED])).pending()


async def nothing_left(bus: NatsBus) -> None:
    async def is_done() -> bool:
        return await lag(bus) == 0

    await until(is_done)


async def dead_letters(server: RunningNats) -> list[tuple[str, str]]:
    """Reasons and ids in the order they came."""
    client = await nats.connect(server.url, token=server.token)
    jetstream = client.jetstream()
    name = f"isocenter-{SITE}-dlq"
    letters = []
    try:
        count = (await jetstream.stream_info(name)).state.messages
        for number in range(1, count + 1):
            headers = (await jetstream.get_msg(name, seq=number)).headers
            letters.append((headers["isocenter-reason"], headers.get("ce-id", "")))
    finally:
        await client.close()
    return letters


async def test_once_an_event_is_handled_and_what_it_caused_is_published_before_the_ack(
    bus: NatsBus,
) -> None:
    handled: list[Event] = []

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        handled.extend(events)
        return [study_arrived()]

    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert handled == [instance_stored()]
    (caused,) = await take(await bus.consumer("listener", [STUDY_ARRIVED]), 1)
    assert caused.event == study_arrived()


async def test_twice_the_same_event_causes_one_event(bus: NatsBus) -> None:
    rows: set[str] = set()
    calls = 0

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        nonlocal calls
        calls += 1
        rows.update(event.id for event in events)
        if calls == 1:
            raise Unavailable("after the effect", retry_after_s=0.01)
        return [study_arrived()]

    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert calls == 2
    assert rows == {instance_stored().id}


async def test_a_crash_before_the_ack_brings_the_event_to_the_next_process(
    server: RunningNats, bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isocenter.adapters.bus.nats.ACK_WAIT_S", 0.5)
    seen = asyncio.Event()

    async def crashes(events: Sequence[Event]) -> Sequence[Event]:
        seen.set()
        await asyncio.Event().wait()
        return []

    await bus.publish(instance_stored())
    first = NatsBus(server.url, site=SITE, token=server.token)
    subscription = Subscription((INSTANCE_STORED,), crashes)
    task = asyncio.ensure_future(
        consume("indexer", subscription, first, asyncio.Event(), Policy(progress_s=60))
    )
    await seen.wait()
    task.cancel()  # no acknowledgement, no refusal: as by kill -9
    await asyncio.wait([task])
    await first.close()
    handled: list[Event] = []

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        handled.extend(events)
        return []

    async with consuming(bus, handle):
        await nothing_left(bus)
    assert handled == [instance_stored()]


async def test_a_transient_error_is_tried_again_for_as_long_as_it_takes(
    server: RunningNats, bus: NatsBus
) -> None:
    failures = 0

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        nonlocal failures
        failures += 1
        if failures <= QUICK.max_deliveries + 2:
            raise Unavailable
        return []

    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert failures == QUICK.max_deliveries + 3


async def test_one_that_spoils_a_batch_goes_to_the_dead_letters_alone(
    server: RunningNats, bus: NatsBus
) -> None:
    good: set[str] = set()
    poison = instance_stored(3)

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        if poison in events:
            raise InvalidInstance
        good.update(event.id for event in events)
        return []

    events = [instance_stored(number) for number in range(1, 6)]
    for event in events:
        await bus.publish(event)
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert good == {event.id for event in events if event != poison}
    assert await dead_letters(server) == [("INVALID_INSTANCE", poison.id)]


async def test_an_error_nobody_foresaw_is_tried_again_and_then_dead(
    server: RunningNats, bus: NatsBus
) -> None:
    attempts = 0

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        nonlocal attempts
        attempts += 1
        raise KeyError("DOE^JANE")

    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert attempts == QUICK.max_deliveries
    assert await dead_letters(server) == [("EXHAUSTED:KeyError", instance_stored().id)]


async def test_what_cannot_be_decoded_goes_to_the_dead_letters_unhandled(
    server: RunningNats, bus: NatsBus
) -> None:
    handled: list[Event] = []

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        handled.extend(events)
        return []

    await bus.ensure_streams()
    client = await nats.connect(server.url, token=server.token)
    await client.jetstream().publish(f"isocenter.v1.{SITE}.instance.stored.07", b"\xff")
    await client.close()
    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await nothing_left(bus)
    assert handled == [instance_stored()]
    assert await dead_letters(server) == [("INVALID_REQUEST", "")]


async def test_too_many_dead_letters_stop_the_consumer_and_leave_the_rest(bus: NatsBus) -> None:
    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        raise InvalidInstance

    for number in range(1, 31):
        await bus.publish(instance_stored(number))
    policy = Policy(fetch_s=0.2, dead_letter_limit=5, dead_letter_window=50)
    async with consuming(bus, handle, policy) as task:
        with pytest.raises(TooManyDeadLetters):
            await asyncio.wait_for(task, 10)
    assert await lag(bus) == 30 - 6


async def test_long_work_is_not_handed_to_another(
    server: RunningNats, bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isocenter.adapters.bus.nats.ACK_WAIT_S", 0.3)
    started, finish = asyncio.Event(), asyncio.Event()

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        started.set()
        await finish.wait()
        return []

    await bus.publish(instance_stored())
    async with consuming(bus, handle, Policy(fetch_s=0.2, progress_s=0.1)):
        await started.wait()
        other_bus = NatsBus(server.url, site=SITE, token=server.token)
        other = await other_bus.consumer("indexer", [INSTANCE_STORED])
        assert await other.fetch(1, 1.0) == []  # three times the acknowledgement time
        await other_bus.close()
        finish.set()
        await nothing_left(bus)


async def test_it_outlives_a_broker_that_is_killed_and_one_that_is_wiped(
    server: RunningNats, bus: NatsBus
) -> None:
    handled: set[str] = set()

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        handled.update(event.id for event in events)
        return []

    def has(event: Event) -> bool:
        return event.id in handled

    async with consuming(bus, handle):
        for number, disturb in enumerate((server.kill, server.wipe), start=1):
            disturb()
            server.start()
            await bus.publish(instance_stored(number))
            await until(partial(has, instance_stored(number)))


async def test_a_stop_lets_the_batch_in_hand_finish(bus: NatsBus) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def handle(events: Sequence[Event]) -> Sequence[Event]:
        started.set()
        await finish.wait()
        return []

    await bus.publish(instance_stored())
    async with consuming(bus, handle):
        await started.wait()
        asyncio.get_running_loop().call_later(0.1, finish.set)  # after the stop
    assert await lag(bus) == 0

"""What an alert looks at is shown before anything went wrong, and what goes wrong is counted where it does."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.buses import RecordingBus
from tests.support.events import instance_stored
from tests.support.wait import until

from isocenter.errors import Unavailable
from isocenter.events.catalog import INSTANCE_STORED, Fact
from isocenter.events.event import Event
from isocenter.ports.bus import Consumer, Delivery
from isocenter.runtime.consume import Loop
from isocenter.runtime.exposition import render
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.publish import publish
from isocenter.runtime.service import Subscription


class NoConsumers(RecordingBus):
    """Refuses whoever wants to listen."""

    async def consumer(self, service: str, facts: Sequence[Fact]) -> Consumer:
        raise Unavailable("the broker is down")


class Backlog:
    """Has seven events for whoever wants them."""

    async def fetch(self, max_events: int, timeout_s: float) -> Sequence[Delivery]:
        raise AssertionError("nobody wants them")

    async def pending(self) -> int:
        return 7


class WithBacklog(RecordingBus):
    """Lets everybody listen."""

    async def consumer(self, service: str, facts: Sequence[Fact]) -> Consumer:
        return Backlog()


async def handle(events: Sequence[Event]) -> Sequence[Event]:
    del events
    return ()


def failures() -> float:
    return METRICS.value("isocenter_broker_failures_total")


def test_dead_letters_are_shown_before_the_first_one() -> None:
    Loop("newcomer", Subscription((INSTANCE_STORED,), handle), RecordingBus())
    shown = 'isocenter_events_handled_total{outcome="dead_letter",service="newcomer"} 0\n'
    assert shown in render(METRICS.families())


async def test_a_broker_that_takes_no_event_is_counted() -> None:
    bus, before = RecordingBus(), failures()
    await publish(bus, instance_stored())
    assert failures() == before
    bus.is_down = True
    with pytest.raises(Unavailable):
        await publish(bus, instance_stored())
    assert failures() == before + 1


async def test_a_broker_that_gives_no_events_is_counted() -> None:
    before, stop = failures(), asyncio.Event()
    loop = Loop("newcomer", Subscription((INSTANCE_STORED,), handle), NoConsumers())
    running = asyncio.ensure_future(loop.run(stop))
    await until(lambda: failures() > before)
    stop.set()
    await running


async def test_who_stands_by_knows_the_lag_too() -> None:
    stop = asyncio.Event()
    subscription = Subscription((INSTANCE_STORED,), handle, wanted=lambda: False)
    running = asyncio.ensure_future(Loop("standby", subscription, WithBacklog()).run(stop))
    await until(lambda: METRICS.value("isocenter_consumer_lag_events", service="standby") == 7)
    stop.set()
    await running

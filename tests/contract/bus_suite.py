"""What every EventBus promises. An adapter's test supplies `bus`, and `another` connection to the same broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from tests.support.events import instance_stored, study_arrived

from isocenter.errors import InvalidRequest
from isocenter.events.catalog import INSTANCE_STORED, STUDY_ARRIVED
from isocenter.ports.bus import Consumer, Delivery, EventBus


async def take(consumer: Consumer, count: int, within_s: float = 10.0) -> list[Delivery]:
    got: list[Delivery] = []
    async with asyncio.timeout(within_s):
        while len(got) < count:
            got += await consumer.fetch(200, 1.0)
    return got


async def take_and_ack(consumer: Consumer, count: int) -> list[str]:
    got = await take(consumer, count)
    for delivery in got:
        await delivery.ack()
    return [delivery.event.id for delivery in got]


async def nothing_comes(consumer: Consumer) -> bool:
    return not await consumer.fetch(10, 0.3)


class EventBusSuite:
    async def make(self) -> EventBus:
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def bus(self) -> AsyncIterator[EventBus]:
        bus = await self.make()
        yield bus
        await bus.close()

    async def test_what_is_published_is_fetched_with_all_its_attributes(
        self, bus: EventBus
    ) -> None:
        event = study_arrived()
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        await bus.publish(event)
        (delivery,) = await take(consumer, 1)
        assert delivery.event == event
        assert delivery.deliveries == 1

    async def test_events_published_before_the_consumer_was_opened_are_not_missed(
        self, bus: EventBus
    ) -> None:
        await bus.publish(study_arrived())
        consumer = await bus.consumer("late", [STUDY_ARRIVED])
        assert len(await take(consumer, 1)) == 1

    async def test_a_consumer_hears_its_facts_only_over_several_entities(
        self, bus: EventBus
    ) -> None:
        both = await bus.consumer("both", [STUDY_ARRIVED, INSTANCE_STORED])
        one = await bus.consumer("one", [INSTANCE_STORED])
        events = [study_arrived(), instance_stored(1), instance_stored(2)]
        for event in events:
            await bus.publish(event)
        assert sorted(await take_and_ack(both, 3)) == sorted(event.id for event in events)
        assert sorted(await take_and_ack(one, 2)) == sorted(event.id for event in events[1:])

    async def test_an_event_wakes_the_fetch_that_waits_for_it(self, bus: EventBus) -> None:
        consumer = await bus.consumer("waiting", [STUDY_ARRIVED, INSTANCE_STORED])
        assert await nothing_comes(consumer)
        loop = asyncio.get_running_loop()
        for number in range(1, 4):
            fetching = asyncio.ensure_future(consumer.fetch(10, 5.0))
            started = loop.time()
            await bus.publish(instance_stored(number))
            (delivery,) = await fetching
            await delivery.ack()
            assert loop.time() - started < 0.5

    async def test_publishing_an_event_again_delivers_it_once(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        for _ in range(3):
            await bus.publish(study_arrived())
        assert len(await take_and_ack(consumer, 1)) == 1
        assert await nothing_comes(consumer)

    async def test_acknowledged_events_do_not_come_again_and_are_not_pending(
        self, bus: EventBus
    ) -> None:
        consumer = await bus.consumer("reader", [INSTANCE_STORED])
        for number in range(1, 6):
            await bus.publish(instance_stored(number))
        assert await consumer.pending() == 5
        await take_and_ack(consumer, 5)
        assert await nothing_comes(consumer)
        assert await consumer.pending() == 0

    async def test_a_batch_is_never_larger_than_asked(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [INSTANCE_STORED])
        for number in range(1, 8):
            await bus.publish(instance_stored(number))
        sizes: list[int] = []
        while sum(sizes) < 7:
            batch = await consumer.fetch(3, 1.0)
            assert batch
            sizes.append(len(batch))
        assert max(sizes) <= 3

    async def test_a_refused_event_comes_again_after_its_delay(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        await bus.publish(study_arrived())
        (first,) = await take(consumer, 1)
        started = asyncio.get_running_loop().time()
        await first.nak(0.4)
        (second,) = await take(consumer, 1)
        assert second.deliveries == 2
        assert asyncio.get_running_loop().time() - started >= 0.35

    async def test_a_terminated_event_never_comes_again(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        await bus.publish(study_arrived())
        (delivery,) = await take(consumer, 1)
        await delivery.term()
        assert await nothing_comes(consumer)
        assert await consumer.pending() == 0

    async def test_a_dead_letter_is_a_copy_that_nobody_consumes(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        await bus.publish(study_arrived())
        (delivery,) = await take(consumer, 1)
        await bus.publish_dead_letter("reader", delivery, "INVALID_INSTANCE")
        await delivery.nak(0)  # still the consumer's to end
        assert len(await take_and_ack(consumer, 1)) == 1
        assert await nothing_comes(consumer)

    async def test_two_processes_of_a_service_share_one_position(self, bus: EventBus) -> None:
        other_bus = await self.make()
        try:
            first = await bus.consumer("shared", [INSTANCE_STORED])
            second = await other_bus.consumer("shared", [INSTANCE_STORED])
            for number in range(1, 11):
                await bus.publish(instance_stored(number))
            got: list[Delivery] = []
            while len(got) < 10:
                got += [*await first.fetch(2, 0.5), *await second.fetch(2, 0.5)]
            ids = {delivery.event.id for delivery in got}
            assert len(ids) == len(got) == 10
        finally:
            await other_bus.close()

    async def test_two_services_hear_the_same_event(self, bus: EventBus) -> None:
        consumers: Sequence[Consumer] = [
            await bus.consumer(name, [STUDY_ARRIVED]) for name in ("one", "two")
        ]
        await bus.publish(study_arrived())
        for consumer in consumers:
            assert len(await take_and_ack(consumer, 1)) == 1

    async def test_ending_a_delivery_twice_does_nothing(self, bus: EventBus) -> None:
        consumer = await bus.consumer("reader", [STUDY_ARRIVED])
        await bus.publish(study_arrived())
        (delivery,) = await take(consumer, 1)
        await delivery.in_progress()
        await delivery.ack()
        await delivery.ack()
        await delivery.nak(0)
        await delivery.in_progress()
        assert await nothing_comes(consumer)

    async def test_a_service_name_that_would_be_a_pattern_is_refused(self, bus: EventBus) -> None:
        for name in ("*", "a.b", "", "A", ">"):
            with pytest.raises(InvalidRequest):
                await bus.consumer(name, [STUDY_ARRIVED])

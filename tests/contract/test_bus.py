"""The EventBus contract on a real nats-server, and what that server does when it is killed, restarted and wiped."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from tests.contract.bus_suite import EventBusSuite, nothing_comes, take, take_and_ack
from tests.support.events import SITE, instance_stored, study_arrived
from tests.support.nats_server import RunningNats, running_nats

from isocenter.adapters.bus.nats import NatsBus
from isocenter.adapters.bus.streams import streams
from isocenter.api.events.v1.events_pb2 import StudyArrived
from isocenter.errors import InvalidRequest, LimitExceeded, Unavailable
from isocenter.events.catalog import INSTANCE_STORED, STUDY_ARRIVED
from isocenter.events.headers import encode


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningNats]:
    with running_nats(tmp_path) as server:
        yield server


def open_bus(server: RunningNats) -> NatsBus:
    return NatsBus(server.url, site=SITE, token=server.token)


class TestNatsBus(EventBusSuite):
    @pytest.fixture(autouse=True)
    def _server(self, server: RunningNats) -> None:
        self.server = server

    async def make(self) -> NatsBus:
        return open_bus(self.server)


@pytest_asyncio.fixture
async def bus(server: RunningNats) -> AsyncIterator[NatsBus]:
    bus = open_bus(server)
    yield bus
    await bus.close()


async def test_an_acknowledged_publish_survives_kill_9(server: RunningNats, bus: NatsBus) -> None:
    events = [instance_stored(number) for number in range(1, 21)]
    for event in events:
        await bus.publish(event)
    server.kill()
    server.start()
    consumer = await bus.consumer("reader", [INSTANCE_STORED])
    assert sorted(await take_and_ack(consumer, 20)) == sorted(event.id for event in events)


async def test_a_fetch_that_waits_is_made_anew_when_the_broker_comes_back(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    waiting = asyncio.ensure_future(take(consumer, 1))
    assert not waiting.done()
    server.kill()
    server.start()
    await bus.publish(study_arrived())
    started = asyncio.get_running_loop().time()
    assert len(await waiting) == 1
    assert asyncio.get_running_loop().time() - started < 2.0


async def test_dedupe_outlives_a_restart_of_the_broker(server: RunningNats, bus: NatsBus) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    await bus.publish(study_arrived())
    server.kill()
    server.start()
    await bus.publish(study_arrived())
    await take_and_ack(consumer, 1)
    assert await nothing_comes(consumer)


async def test_a_wiped_store_is_made_anew_for_publisher_and_consumer(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED, INSTANCE_STORED])
    await bus.publish(instance_stored(1))
    await take_and_ack(consumer, 1)
    server.wipe()
    server.start()
    await bus.publish(instance_stored(2))
    await bus.publish(study_arrived())
    assert len(await take_and_ack(consumer, 2)) == 2


async def test_a_consumer_deleted_behind_our_back_is_made_anew(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    behind = await nats.connect(server.url, token=server.token)
    await behind.jetstream().delete_consumer(f"isocenter-{SITE}-study", "reader")
    await behind.close()
    await bus.publish(study_arrived())
    assert len(await take(consumer, 1)) == 1


async def test_a_broker_that_is_away_is_said_so_in_bounded_time(
    server: RunningNats, bus: NatsBus
) -> None:
    await bus.publish(study_arrived())
    server.kill()
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable):
            await bus.publish(study_arrived("1.2.3.5"))
    never_met = open_bus(server)
    never_met.start_s = 0.5
    try:
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable):
                await never_met.consumer("reader", [STUDY_ARRIVED])
        server.start()
        assert len(await take(await never_met.consumer("reader", [STUDY_ARRIVED]), 1)) == 1
    finally:  # a client that is left alone goes on trying, whoever cancels it
        await never_met.close()


async def test_a_wrong_token_is_refused(server: RunningNats) -> None:
    stranger = NatsBus(server.url, site=SITE, token="guess")
    stranger.start_s = 0.5
    with pytest.raises(Unavailable):
        await stranger.publish(study_arrived())
    await stranger.close()


async def test_streams_are_made_from_the_catalogue(server: RunningNats, bus: NatsBus) -> None:
    await bus.ensure_streams()
    behind = await nats.connect(server.url, token=server.token)
    about = {info.config.name: info.config for info in await behind.jetstream().streams_info()}
    await behind.close()
    assert set(about) == {spec.name for spec in streams(SITE)}
    for spec in streams(SITE):
        config = about[spec.name]
        assert tuple(config.subjects) == spec.subjects
        assert config.max_age == spec.keep_s
        assert (config.storage, config.discard, config.duplicate_window) == ("file", "old", 600)
        assert config.max_bytes > 0


async def test_a_stream_that_was_made_otherwise_is_brought_in_line(
    server: RunningNats, bus: NatsBus
) -> None:
    behind = await nats.connect(server.url, token=server.token)
    name = f"isocenter-{SITE}-study"
    await behind.jetstream().add_stream(name=name, subjects=["isocenter.v1.other.>"], max_age=60)
    await bus.ensure_streams()
    info = await behind.jetstream().stream_info(name)
    await behind.close()
    assert info.config.subjects == [f"isocenter.v1.{SITE}.study.>"]


async def test_a_dead_letter_keeps_bytes_and_headers_and_says_why(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    event = study_arrived()
    await bus.publish(event)
    (delivery,) = await take(consumer, 1)
    for _ in range(2):
        await bus.publish_dead_letter("reader", delivery, "INVALID_INSTANCE")
    behind = await nats.connect(server.url, token=server.token)
    jetstream = behind.jetstream()
    about = await jetstream.stream_info(f"isocenter-{SITE}-dlq")
    letter = await jetstream.get_msg(f"isocenter-{SITE}-dlq", seq=1)
    await behind.close()
    headers, data = encode(event)
    assert about.state.messages == 1
    assert letter.subject == f"isocenter.v1.{SITE}.dlq.reader.{event.partition:02d}"
    assert letter.data == data
    assert headers.items() <= letter.headers.items()
    assert letter.headers["isocenter-reason"] == "INVALID_INSTANCE"
    assert letter.headers["isocenter-subject"] == event.subject


async def test_what_is_not_an_event_is_delivered_and_cannot_be_decoded(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    behind = await nats.connect(server.url, token=server.token)
    headers, data = encode(study_arrived())
    await behind.jetstream().publish(f"isocenter.v1.{SITE}.study.arrived.00", b"\xff\xff")
    await behind.jetstream().publish(
        f"isocenter.v1.{SITE}.study.arrived.63", data, headers=headers
    )  # another partition than its own
    await behind.close()
    for delivery in await take(consumer, 2):
        with pytest.raises(InvalidRequest):
            _ = delivery.event


async def test_a_client_that_closed_for_good_is_replaced_and_its_consumer_goes_on(
    server: RunningNats, bus: NatsBus
) -> None:
    consumer = await bus.consumer("reader", [STUDY_ARRIVED])
    assert await nothing_comes(consumer)
    assert bus._client is not None
    await bus._client.close()
    await bus.publish(study_arrived())
    assert len(await take(consumer, 1)) == 1


async def test_an_event_too_large_for_the_broker_is_refused(bus: NatsBus) -> None:
    event = study_arrived()
    huge = replace(event, message=StudyArrived(study_instance_uid="1" * (1 << 20)))
    with pytest.raises(LimitExceeded):
        await bus.publish(huge)

"""Servers of a cluster are killed and wiped: what was taken is delivered, and what is lost is made anew."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import nats.errors
import pytest
from nats.js.api import ConsumerInfo, StreamInfo
from tests.contract.bus_suite import take_and_ack
from tests.support.events import instance_stored, study_arrived
from tests.support.nats_cluster import NODES, RunningCluster
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.embedded.nats_cluster import SiteAccount
from isocenter.errors import Unavailable
from isocenter.events.catalog import INSTANCE_STORED, STUDY_ARRIVED
from isocenter.events.event import Event
from isocenter.ports.bus import Consumer
from isocenter.runtime.consume import consume
from isocenter.runtime.service import Subscription

SERVICE = "reader"
BEFORE, AFTER = 100, 100  # events taken before the harm, and after it
Choose = Callable[[RunningCluster, SiteAccount, str], Awaitable[str]]


@pytest.fixture
def account(nats_cluster: RunningCluster) -> SiteAccount:
    return nats_cluster.fresh_account()


def stream_of(account: SiteAccount, entity: str = "instance") -> str:
    return f"isocenter-{account.site}-{entity}"


def leader(about: StreamInfo | ConsumerInfo) -> str:
    assert about.cluster is not None
    return str(about.cluster.leader)


async def leader_of_stream(cluster: RunningCluster, account: SiteAccount, _: str) -> str:
    async with cluster.connected(account) as client:
        about = await client.jetstream().stream_info(stream_of(account))
    return leader(about)


async def all_have_the_stream(cluster: RunningCluster, account: SiteAccount) -> bool:
    """Whether both followers are abreast of a leader."""
    async with cluster.connected(account) as client:
        try:
            about = await client.jetstream().stream_info(stream_of(account))
        except (nats.errors.Error, TimeoutError):  # no leader yet
            return False
    replicas = (about.cluster.replicas if about.cluster else None) or []
    return len(replicas) == NODES - 1 and all(replica.current for replica in replicas)


async def opened(bus: NatsBus, within_s: float = 60) -> Consumer:
    """The consumer, as services open it: again and again while the cluster has no leader."""
    async with asyncio.timeout(within_s):
        while True:
            with contextlib.suppress(Unavailable):
                return await bus.consumer(SERVICE, [INSTANCE_STORED])


async def leader_of_consumer(cluster: RunningCluster, account: SiteAccount, _: str) -> str:
    async with cluster.connected(account) as client:
        about = await client.jetstream().consumer_info(stream_of(account), SERVICE)
    return leader(about)


async def follower(cluster: RunningCluster, account: SiteAccount, _: str) -> str:
    leaders = {
        await choose(cluster, account, "") for choose in (leader_of_stream, leader_of_consumer)
    }
    return next(node.name for node in cluster.cluster.nodes if node.name not in leaders)


async def publishers_own(_: RunningCluster, __: SiteAccount, connected: str) -> str:
    return connected


async def until_taken(bus: NatsBus, event: Event, within_s: float = 60) -> None:
    """Publish again and again: a server that answers says little of whether streams have their leaders."""
    async with asyncio.timeout(within_s):
        while True:
            with contextlib.suppress(Unavailable):
                return await bus.publish(event)


class Publisher:
    """Publishes one event after the other as a service does: again until the broker takes it."""

    def __init__(self, bus: NatsBus) -> None:
        self._bus = bus
        self.taken: list[str] = []

    async def run(self, count: int) -> None:
        while len(self.taken) < count:
            event = instance_stored(len(self.taken) + 1)
            await until_taken(self._bus, event)
            self.taken.append(event.id)


@asynccontextmanager
async def consuming(bus: NatsBus) -> AsyncIterator[list[str]]:
    """A service's own loop; gives the ids it was handed."""
    heard: list[str] = []
    stop = asyncio.Event()

    async def handle(events: Sequence[Event]) -> list[Event]:
        heard.extend(event.id for event in events)
        return []

    loop = asyncio.ensure_future(
        consume(SERVICE, Subscription((INSTANCE_STORED,), handle), bus, stop)
    )
    try:
        yield heard
    finally:
        stop.set()
        await asyncio.wait_for(loop, 20)


async def kill_one_under_load(
    cluster: RunningCluster, account: SiteAccount, choose: Choose
) -> None:
    first = cluster.cluster.nodes[0].name
    publishing, listening = cluster.bus(account, first), cluster.bus(account)
    publisher = Publisher(publishing)
    async with consuming(listening) as heard:
        work = asyncio.ensure_future(publisher.run(BEFORE + AFTER))
        await until(lambda: len(publisher.taken) >= BEFORE // 2 and len(heard) > 0)
        victim = await choose(cluster, account, first)
        await until(lambda: len(publisher.taken) >= BEFORE)
        cluster.kill(victim)
        await asyncio.wait_for(work, 60)
        cluster.start(victim)
        await until(lambda: set(heard) >= set(publisher.taken), within_s=40)
    await publishing.close()
    await listening.close()
    await cluster.until_ready()
    assert len(set(publisher.taken)) == BEFORE + AFTER


CHOICES = [leader_of_stream, leader_of_consumer, follower, publishers_own]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("choose", CHOICES)
async def test_every_event_that_was_taken_is_delivered_though_a_server_is_killed(
    cluster_to_harm: RunningCluster, account: SiteAccount, choose: Choose
) -> None:
    await kill_one_under_load(cluster_to_harm, account, choose)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(20))
async def test_servers_are_killed_again_and_again(
    cluster_to_harm: RunningCluster, account: SiteAccount, number: int
) -> None:
    await kill_one_under_load(cluster_to_harm, account, CHOICES[number % len(CHOICES)])


async def test_streams_and_consumers_are_kept_on_every_server(
    nats_cluster: RunningCluster, account: SiteAccount
) -> None:
    bus = nats_cluster.bus(account)
    await bus.ensure_streams()
    await bus.consumer(SERVICE, [INSTANCE_STORED])
    await bus.close()
    async with nats_cluster.connected(account) as client:
        jetstream = client.jetstream()
        streams = [
            await jetstream.stream_info(stream_of(account, entity))
            for entity in ("instance", "study", "dlq")
        ]
        consumer = await jetstream.consumer_info(stream_of(account), SERVICE)
    assert [about.config.num_replicas for about in streams] == [NODES] * 3
    for about in (*streams, consumer):
        assert about.cluster is not None
        assert len(about.cluster.replicas or []) == NODES - 1


async def test_a_stream_made_for_one_server_is_spread_over_all(
    nats_cluster: RunningCluster, account: SiteAccount
) -> None:
    async with nats_cluster.connected(account) as client:
        jetstream = client.jetstream()
        await jetstream.add_stream(name=stream_of(account, "study"), subjects=["isocenter.old.>"])
        bus = nats_cluster.bus(account)
        await bus.publish(study_arrived())
        await bus.consumer(SERVICE, [STUDY_ARRIVED])
        await bus.close()
        about = await jetstream.stream_info(stream_of(account, "study"))
    assert about.config.num_replicas == NODES


async def test_a_majority_that_is_away_is_said_so_in_bounded_time_and_then_waited_for(
    cluster_to_harm: RunningCluster, account: SiteAccount
) -> None:
    bus = cluster_to_harm.bus(account)
    await bus.publish(study_arrived())
    cluster_to_harm.kill("n1", "n2")
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable):
            await bus.publish(study_arrived("1.2.3.5"))
    cluster_to_harm.start()
    await cluster_to_harm.until_ready()
    await until_taken(bus, study_arrived("1.2.3.6"))
    got = await take_and_ack(await bus.consumer(SERVICE, [STUDY_ARRIVED]), 2)
    assert {study_arrived().id, study_arrived("1.2.3.6").id} <= set(got)
    await bus.close()


async def test_a_server_that_lost_its_store_gets_all_of_it_from_the_others(
    cluster_to_harm: RunningCluster, account: SiteAccount
) -> None:
    bus = cluster_to_harm.bus(account)
    await bus.publish(instance_stored(1))
    lost = await leader_of_stream(cluster_to_harm, account, "")
    cluster_to_harm.wipe(lost)
    cluster_to_harm.start(lost)
    await cluster_to_harm.until_ready()
    await until(lambda: all_have_the_stream(cluster_to_harm, account), within_s=60)
    cluster_to_harm.kill(
        next(node.name for node in cluster_to_harm.cluster.nodes if node.name != lost)
    )
    consumer = await opened(bus)
    assert await take_and_ack(consumer, 1) == [instance_stored(1).id]
    await bus.close()


async def test_stores_that_are_all_wiped_are_made_anew_for_publisher_and_consumer(
    cluster_to_harm: RunningCluster, account: SiteAccount
) -> None:
    publishing, listening = cluster_to_harm.bus(account), cluster_to_harm.bus(account)
    publisher = Publisher(publishing)
    async with consuming(listening) as heard:
        await publisher.run(10)
        await until(lambda: set(heard) >= set(publisher.taken))
        cluster_to_harm.wipe()
        cluster_to_harm.start()
        await asyncio.wait_for(publisher.run(20), 60)
        await until(lambda: set(heard) >= set(publisher.taken), within_s=30)
    await listening.close()
    await publishing.close()

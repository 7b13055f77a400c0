"""The indexer on three nats-servers: what they lose, the sweep over the journal makes up for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.indexer_serving import serving, stored, visible
from tests.support.indexing import World, receipt
from tests.support.nats_cluster import RunningCluster
from tests.support.wait import until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


async def test_all_stores_wiped_lose_nothing_that_is_in_the_journal(
    world: World, cluster_to_harm: RunningCluster
) -> None:
    bus = cluster_to_harm.bus(cluster_to_harm.fresh_account("local"))
    async with serving(world, bus, sweep_s=0.05) as running:
        await bus.publish(stored(world.tell(receipt())))
        await until(lambda: len(visible(world)) == 1, within_s=20)
        await until(lambda: running.said == ["study.arrived"], within_s=20)
        cluster_to_harm.wipe()
        world.tell(receipt("1.2.3.2", study="1.2.7"))  # its event is never heard of
        cluster_to_harm.start()
        await until(lambda: len(visible(world, "1.2.7")) == 1, within_s=40)
        # the first may be said again: its broker died perhaps before the indexer heard that it had it
        await until(lambda: set(running.studies) == {"1.2.1", "1.2.7"}, within_s=40)
        assert set(running.said) == {"study.arrived"}


async def test_server_killed_and_not_started_again_delays_what_is_said_and_loses_none_of_it(
    world: World, cluster_to_harm: RunningCluster
) -> None:
    bus = cluster_to_harm.bus(cluster_to_harm.fresh_account("local"))
    async with serving(world, bus, sweep_s=0.05) as running:
        await bus.publish(stored(world.tell(receipt())))
        await until(lambda: running.said == ["study.arrived"], within_s=20)
        cluster_to_harm.kill("n2")
        world.tell(receipt("1.2.3.2", study="1.2.7"))
        await until(lambda: len(visible(world, "1.2.7")) == 1, within_s=40)
        await until(lambda: running.said == ["study.arrived"] * 2, within_s=40)

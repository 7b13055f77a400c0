"""An ingest node is killed and its volume destroyed while it receives: what it acknowledged is in the object store."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.cluster_rounds import INSTANCES, chance, run, under_way, until_acknowledged
from tests.support.killing import spool_of, spooled

from isocenter.embedded.platform import nodes_of

ROUNDS, SOAK_ROUNDS = 2, 20
TIMES = 2  # in a round
ASSOCIATIONS = 6
DESTROYED, LOST = "volumes destroyed", "instances that were there alone"


def receiving(platform: ClusterPlatform) -> list[str]:
    """The ingest nodes that have received something, so that they have a volume."""
    nodes = nodes_of("ingest", is_cluster=True)
    return [node for node in nodes if spool_of(platform.pid(node)) is not None]


def destroy_volume(platform: ClusterPlatform, node: str) -> int:
    """Kill it, take its spool away before the next process starts, and give the number of instances in it."""
    with platform.held_still():
        spool = spool_of(platform.pid(node))
        assert spool is not None
        platform.kill(node)
        lost = spooled(spool)
        shutil.rmtree(spool, ignore_errors=True)  # another process may be tidying up there
        spool.with_suffix(".lock").unlink(missing_ok=True)
    return lost


def send_and_destroy(platform: ClusterPlatform, log: Path, number: int) -> list[str]:
    rng, harmed = chance(number), list[str]()
    with under_way(platform, log, number, associations=ASSOCIATIONS) as sending:
        for place in range(1, TIMES + 1):
            until_acknowledged(platform, sending, place * INSTANCES // (TIMES + 1))
            platform.until(lambda: receiving(platform), 30)
            lost = destroy_volume(platform, rng.choice(receiving(platform)))
            harmed += [DESTROYED, *[LOST] * lost]
    return harmed


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_found_once_though_the_volume_is_gone(
    cluster: ClusterPlatform, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    harmed = run(cluster, tmp_path, range(101, 101 + ROUNDS), send_and_destroy)
    assert harmed[DESTROYED] == ROUNDS * TIMES
    record_property("on ingest nodes of the cluster", str(dict(harmed)))


@pytest.mark.soak
def test_twenty_rounds_of_volumes_destroyed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        harmed = run(platform, tmp_path, range(1, 1 + SOAK_ROUNDS), send_and_destroy)
    assert harmed[LOST]
    record_property("on ingest nodes of the cluster", str(dict(harmed)))

"""The indexer that serves is halted until the other took over, and goes on believing that it serves: found once."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.cluster_rounds import INSTANCES, run, under_way, until_acknowledged
from tests.support.two_indexers import NODES, is_indexing

from isocenter.embedded.layout import Layout

ROUNDS, SOAK_ROUNDS = 2, 20
TAKE_OVER_S = 90.0  # the lease lapses in 10 s; the rest is a busy machine's
HALF = INSTANCES // 2


def serves(platform: ClusterPlatform, node: str) -> bool:
    token = platform.told()["ISOCENTER_RPC_TOKEN"]
    return asyncio.run(is_indexing(Layout(platform.data).run, node, token))


def who_serves(platform: ClusterPlatform) -> str:
    """The one that does, as soon as exactly one does: one that just lost the index may not know it yet."""
    found: list[str] = []

    def is_one() -> bool:
        found[:] = [node for node in NODES if serves(platform, node)]
        return len(found) == 1

    platform.until(is_one, TAKE_OVER_S)
    return found[0]


def send_and_halt(platform: ClusterPlatform, log: Path, number: int) -> list[str]:
    """It is halted in the middle of a first half, and goes on in the middle of a second."""
    first = who_serves(platform)
    other = NODES[1 - NODES.index(first)]
    try:
        with under_way(platform, log, number, range(HALF)) as sending:
            until_acknowledged(platform, sending, HALF // 2)
            platform.signal(first, signal.SIGSTOP)
        platform.until(lambda: serves(platform, other), TAKE_OVER_S)
        with under_way(platform, log, number, range(HALF, INSTANCES)) as sending:
            until_acknowledged(platform, sending, HALF // 4)
            platform.signal(first, signal.SIGCONT)
    finally:
        platform.signal(first, signal.SIGCONT)
    assert who_serves(platform) == other
    return [f"{first} halted"]


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_found_once_though_two_believe_that_they_index(
    cluster: ClusterPlatform, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    harmed = run(cluster, tmp_path, range(201, 201 + ROUNDS), send_and_halt)
    assert harmed.total() == ROUNDS
    record_property("indexers of the cluster", str(dict(harmed)))


@pytest.mark.soak
def test_twenty_rounds_of_indexers_halted(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        harmed = run(platform, tmp_path, range(1, 1 + SOAK_ROUNDS), send_and_halt)
    record_property("indexers of the cluster", str(dict(harmed)))

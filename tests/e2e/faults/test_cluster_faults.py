"""Kill -9 of any process of the cluster platform while it receives, and its index wiped: nothing acknowledged is lost.

Every service replica, MinIO, OpenSearch and one of three NATS servers, each once a round.
"""

import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.cluster_rounds import INSTANCES, chance, run, under_way, until_acknowledged

ROUNDS, SOAK_ROUNDS, BATCHES = 2, 10, 2
WIPED = "index wiped"
NATS = ("nats-1", "nats-2", "nats-3")


def wipe_index(platform: ClusterPlatform) -> None:
    """Delete every index the platform has."""
    kept = platform.kept
    with httpx.Client(base_url=kept.index_url, timeout=30, trust_env=False) as client:
        found = client.get(f"/{kept.prefix}.*/_settings?filter_path=*.settings.index.uuid").json()
        assert found, "there was no index to wipe"
        client.delete(f"/{','.join(found)}").raise_for_status()


def harm(platform: ClusterPlatform, victim: str) -> None:
    if victim == WIPED:
        wipe_index(platform)
    else:
        platform.kill(victim)


def victims_of(platform: ClusterPlatform, rng: random.Random) -> list[str]:
    """In which order they are harmed: the index while its server is there, then all others; one NATS server."""
    others = [name for name in platform.parts if name not in NATS] + [rng.choice(NATS)]
    rng.shuffle(others)
    return [WIPED, *others]


def send_and_harm(platform: ClusterPlatform, log: Path, number: int) -> list[str]:
    """One send, with a harm after every so many acknowledged instances."""
    victims = victims_of(platform, chance(number))
    with under_way(platform, log, number) as sending:
        for place, victim in enumerate(victims, 1):
            until_acknowledged(platform, sending, place * INSTANCES // (len(victims) + 2))
            harm(platform, victim)
    return victims


@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_found_once_whoever_is_killed(
    cluster: ClusterPlatform, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    harmed = run(cluster, tmp_path, range(1, ROUNDS + 1), send_and_harm)
    assert all(harmed[name] == ROUNDS for name in (*cluster.parts, WIPED) if name not in NATS)
    record_property("harmed on the cluster", str(dict(harmed)))


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(1, BATCHES + 1))
def test_twenty_rounds_of_kills(
    tmp_path: Path, batch: int, record_property: Callable[[str, object], None]
) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        rounds = range(1000 * batch, 1000 * batch + SOAK_ROUNDS)
        harmed = run(platform, tmp_path, rounds, send_and_harm)
    record_property("harmed on the cluster", str(dict(harmed)))

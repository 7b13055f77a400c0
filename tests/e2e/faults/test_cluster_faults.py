"""Kill -9 of any process of the cluster platform while it receives, and its index wiped: nothing acknowledged is lost.

Every service replica, MinIO, OpenSearch and one of three NATS servers, each once a round.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.sending import Item, Sending, acknowledged

SEED = 20_262
INSTANCES, STUDIES, SIDE = 400, 5, 32  # of one send
ROUNDS, SOAK_ROUNDS, BATCHES = 2, 10, 2
SETTLED_WITHIN_S = 240.0
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
    rng = random.Random(f"{SEED}-{number}")
    victims = victims_of(platform, rng)
    items = [Item(n % STUDIES, n // STUDIES) for n in range(INSTANCES)]
    sending = Sending(platform, Maker(number, SIDE, SIDE), items, log)
    sending.start()
    try:
        for place, victim in enumerate(victims, 1):
            moment = place * INSTANCES // (len(victims) + 2)
            platform.until(lambda at=moment: sending.acknowledged >= at or sending.is_over, 120)
            harm(platform, victim)
    finally:
        if sending.is_over:
            sending.stop()
    sending.finish(120)
    return victims


def run(platform: ClusterPlatform, folder: Path, rounds: range) -> Counter[str]:
    """Rounds on one platform; after each all evidence is held against each other."""
    log, harmed = folder / "acknowledged.log", Counter[str]()
    for number in rounds:
        began = time.monotonic()
        harmed.update(send_and_harm(platform, log, number))
        sent = time.monotonic()
        until_indexed(platform, SETTLED_WITHIN_S)
        until_told(platform, SETTLED_WITHIN_S)
        print(f"round {number}: {sent - began:.1f} s, {time.monotonic() - sent:.1f} s to settle")  # noqa: T201
        wrong = check(collect(platform, acknowledged(log)))
        assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert len(set(acknowledged(log))) == INSTANCES * len(rounds)
    return harmed


@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_found_once_whoever_is_killed(
    cluster: ClusterPlatform, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    harmed = run(cluster, tmp_path, range(1, ROUNDS + 1))
    assert all(harmed[name] == ROUNDS for name in (*cluster.parts, WIPED) if name not in NATS)
    record_property("harmed on the cluster", str(dict(harmed)))


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(1, BATCHES + 1))
def test_twenty_rounds_of_kills(
    tmp_path: Path, batch: int, record_property: Callable[[str, object], None]
) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        rounds = range(1000 * batch, 1000 * batch + SOAK_ROUNDS)
        record_property("harmed on the cluster", str(dict(run(platform, tmp_path, rounds))))

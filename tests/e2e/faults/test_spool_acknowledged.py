"""The object store hangs and comes back; a platform that may acknowledge from the spool goes on, and loses nothing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.sending import Item, Sending, acknowledged

INSTANCES, STUDIES, SIDE = 240, 4, 32
GAUGE = "isocenter_spool_acknowledged_instances"

pytestmark = pytest.mark.timeout(600)  # servers are started in it


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[ClusterPlatform]:
    settings = {"ISOCENTER_INGEST_ACKNOWLEDGE_FROM_SPOOL": "true"}
    with running_cluster_platform(tmp_path / "data", settings=settings) as platform:
        yield platform


def waiting(platform: ClusterPlatform) -> int:
    """How many instances the object store does not have, of all processes."""
    answer = httpx.get(f"{platform.url}/metrics", timeout=30)
    answer.raise_for_status()
    lines = [line for line in answer.text.splitlines() if line.startswith(f"{GAUGE}{{")]
    return sum(int(float(line.rpartition(" ")[2])) for line in lines)


def test_senders_hear_success_while_the_store_hangs_and_all_is_found_once(
    platform: ClusterPlatform, tmp_path: Path
) -> None:
    log = tmp_path / "acknowledged.log"
    items = [Item(n % STUDIES, n // STUDIES) for n in range(INSTANCES)]
    sending = Sending(platform, Maker(1, SIDE, SIDE), items, log)
    sending.start()
    try:
        platform.until(lambda: sending.acknowledged >= INSTANCES // 4, 60)
        platform.signal("minio", signal.SIGSTOP)
        before = sending.acknowledged
        platform.until(lambda: sending.acknowledged >= before + INSTANCES // 4, 180)
        assert waiting(platform) > 0
        for name in ("ingest-1", "http-1"):
            platform.kill(name)
    finally:
        platform.signal("minio", signal.SIGCONT)
        sending.finish(180)
    platform.until(lambda: waiting(platform) == 0, 120)
    until_indexed(platform, 120)
    until_told(platform, 120)
    wrong = check(collect(platform, acknowledged(log)))
    assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert len(set(acknowledged(log))) == INSTANCES

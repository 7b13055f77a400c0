"""What the cluster platform stands on fails while it receives: MinIO in three ways, and all brokers forget."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.checker import journal_files
from tests.support.checker.check import untold
from tests.support.checker.evidence import events
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.cluster_rounds import INSTANCES, chance, run, under_way, until_acknowledged
from tests.support.sending import Sending, acknowledged
from tests.support.store_faults import (
    BehindProxy,
    Cut,
    Slow,
    Unavailable,
    behind_proxy,
    minio_of,
)

pytestmark = pytest.mark.timeout(600)  # servers are started in it

ROUNDS, SOAK_ROUNDS = 2, 20
NATS = ("nats-1", "nats-2", "nats-3")
REFUSED = 4  # instances, while there was 503 for everything
LATE, PAST_CUTS = 10, 20  # instances acknowledged all the same


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BehindProxy]:
    with behind_proxy(tmp_path_factory.mktemp("behind") / "data") as behind:
        yield behind


def has_refused(sending: Sending, count: int) -> bool:
    refused = [attempt for attempt in sending.attempts if attempt.outcome != "acknowledged"]
    return len(refused) >= count or sending.is_over


def send_through_faults(
    behind: BehindProxy, platform: ClusterPlatform, log: Path, number: int
) -> list[str]:
    """MinIO answers 503, later slowly, later its lines are cut; in between all is well."""
    rng = chance(number)
    unavailable, slow, cut = Unavailable(rng), Slow(), Cut(rng, minio_of(platform.data))
    with under_way(platform, log, number) as sending:
        until_acknowledged(platform, sending, INSTANCES // 4)
        with behind.misbehaving(unavailable):
            platform.until(lambda: has_refused(sending, REFUSED), 120)
        until_acknowledged(platform, sending, INSTANCES // 2)
        with behind.misbehaving(slow):
            until_acknowledged(platform, sending, sending.acknowledged + LATE)
        slow.is_over.set()
        until_acknowledged(platform, sending, INSTANCES * 3 // 4)
        with behind.misbehaving(cut):
            until_acknowledged(platform, sending, sending.acknowledged + PAST_CUTS)
        assert not sending.is_over
    return [
        f"{name} {method}"
        for name, rule in (("503", unavailable), ("slow", slow), ("cut", cut))
        for method in rule.harmed
    ]


def wipe_brokers(platform: ClusterPlatform) -> None:
    """Kill all and take their stores away before any is started again."""
    with platform.held_still():
        for name in NATS:
            platform.kill(name)
        for name in NATS:
            shutil.rmtree(platform.data / "bus" / name)
            (platform.data / "bus" / name).mkdir()


def send_and_wipe(platform: ClusterPlatform, log: Path, number: int) -> list[str]:
    with under_way(platform, log, number) as sending:
        until_acknowledged(platform, sending, INSTANCES // 2)
        wipe_brokers(platform)
    return ["brokers wiped"]


def is_told_again(platform: ClusterPlatform, log: Path) -> bool:
    """Whether events name what was sent after all that was lost."""
    mine = set(acknowledged(log))
    received = journal_files.receipts(platform.kept.lines())
    return not untold(events(platform), [receipt for receipt in received if receipt.sop in mine])


def check_faults_of_minio(behind: BehindProxy, folder: Path, rounds: range) -> str:
    harmed = run(behind.platform, folder, rounds, partial(send_through_faults, behind))
    assert all(harmed[f"{name} PUT"] for name in ("503", "slow", "cut"))
    assert harmed["cut GET"]
    return str(dict(harmed))


def check_wiped_brokers(platform: ClusterPlatform, folder: Path, rounds: range) -> str:
    harmed = run(platform, folder, rounds, send_and_wipe, is_wiped=True)
    with under_way(platform, folder / "after.log", rounds.stop, range(20)):
        pass
    platform.until(lambda: is_told_again(platform, folder / "after.log"), 60)
    return str(dict(harmed))


Say = Callable[[str, object], None]


def test_what_was_acknowledged_is_found_once_though_minio_fails(
    behind: BehindProxy, tmp_path: Path, record_property: Say
) -> None:
    said = check_faults_of_minio(behind, tmp_path, range(1, 1 + ROUNDS))
    record_property("requests to MinIO", said)


def test_what_was_acknowledged_is_found_once_though_all_brokers_forget(
    behind: BehindProxy, tmp_path: Path
) -> None:
    """The last on this platform: nobody tells any more what was said before."""
    check_wiped_brokers(behind.platform, tmp_path, range(101, 101 + ROUNDS))


@pytest.mark.soak
def test_twenty_rounds_of_faults_of_minio(tmp_path: Path, record_property: Say) -> None:
    with behind_proxy(tmp_path / "data") as behind:
        said = check_faults_of_minio(behind, tmp_path, range(1, 1 + SOAK_ROUNDS))
    record_property("requests to MinIO", said)


@pytest.mark.soak
def test_twenty_rounds_of_wiped_brokers(tmp_path: Path) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        check_wiped_brokers(platform, tmp_path, range(1, 1 + SOAK_ROUNDS))

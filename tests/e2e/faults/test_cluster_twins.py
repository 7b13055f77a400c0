"""Two ingest replicas receive the same UID at the same moment: of two patients, or of one with other bytes."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, held, until_indexed, until_told
from tests.support.checker.journal_files import receipts
from tests.support.cluster_platform import ClusterPlatform, running_cluster_platform
from tests.support.twins import (
    CASES,
    SOP_INSTANCE_UID,
    Case,
    Pair,
    Reader,
    same_patient,
    send_at_once,
)

pytestmark = pytest.mark.timeout(600)  # servers are started in it

PAIRS, SOAK_PAIRS = 40, 400
ASSOCIATED = 2  # pairs on the same two associations, for each of which the kernel chooses a replica
ACROSS = 2  # of so many pairs one at least was received by both replicas, or our dice are loaded
SETTLED_WITHIN_S = 240.0
SIDE = 16
FIRST_RUN = 301  # of those that keep UIDs on the shared platform apart


def send(platform: ClusterPlatform, pairs: list[Pair], key: str, uids: list[str]) -> None:
    """Give all of them while a reader looks: of those with one UID it never sees two, nor one and later the other."""
    with Reader(platform, key, uids) as reader:
        for start in range(0, len(pairs), ASSOCIATED):
            some = pairs[start : start + ASSOCIATED]
            assert send_at_once(platform, some) == [0] * (2 * len(some))
        until_indexed(platform, SETTLED_WITHIN_S)
        after = reader.looks + 2
        platform.until(lambda: reader.looks >= after, 60)
    assert reader.most == 1
    assert all(len(whose) == 1 for whose in reader.seen.values()), "one was replaced by another"


def received_by_two(platform: ClusterPlatform, pairs: list[Pair]) -> int:
    """How many pairs' halves came to different replicas."""
    nodes: dict[str, set[str]] = {}
    for receipt in receipts(platform.kept.lines()):
        nodes.setdefault(receipt.sop, set()).add(receipt.line.node)
    return sum(len(nodes[one.sop] | nodes[other.sop]) > 1 for one, other in pairs)


def check_two_patients(platform: ClusterPlatform, case: Case, run: int, count: int) -> int:
    """The later of each pair waits for a person."""
    maker = Maker(run, SIDE, SIDE)
    pairs = [case.make(maker, number) for number in range(count)]
    send(platform, pairs, case.key, [case.uid(maker, number) for number in range(count)])
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        waiting = held(client)
    mine = {twin.sop for pair in pairs for twin in pair}
    assert sum(sop in mine for sop in waiting) == count
    return received_by_two(platform, pairs)


def check_one_patient(platform: ClusterPlatform, run: int, count: int) -> int:
    """Both of each pair are kept, and one is shown."""
    maker = Maker(run, SIDE, SIDE)
    pairs = [same_patient(maker, number) for number in range(count)]
    sops = [one.sop for one, _ in pairs]
    send(platform, pairs, SOP_INSTANCE_UID, sops)
    rows = [row for row in platform.kept.rows() if row.sop in set(sops)]
    assert len({(row.sop, row.digest) for row in rows}) == len(rows) == 2 * count
    assert sorted(row.sop for row in rows if row.current) == sorted(sops)
    assert not any(row.held or row.deleted for row in rows)
    return received_by_two(platform, pairs)


def check_whole(platform: ClusterPlatform, shown: list[str]) -> None:
    until_told(platform, SETTLED_WITHIN_S)
    assert check(collect(platform, shown)) == []


@pytest.mark.parametrize("name", CASES)
def test_two_patients_never_show_under_one_uid(cluster: ClusterPlatform, name: str) -> None:
    run = FIRST_RUN + list(CASES).index(name)
    assert check_two_patients(cluster, CASES[name], run, PAIRS) >= ACROSS
    check_whole(cluster, [])


def test_other_bytes_of_one_instance_are_both_kept_and_one_is_shown(
    cluster: ClusterPlatform,
) -> None:
    run = FIRST_RUN + len(CASES)
    assert check_one_patient(cluster, run, PAIRS) >= ACROSS
    check_whole(cluster, [Maker(run).sop_uid(number, 0) for number in range(PAIRS)])


@pytest.mark.soak
def test_hundreds_of_twins(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    with running_cluster_platform(tmp_path / "data") as platform:
        across = [
            check_two_patients(platform, case, run, SOAK_PAIRS)
            for run, case in enumerate(CASES.values(), 1)
        ]
        run = len(across) + 1
        across.append(check_one_patient(platform, run, SOAK_PAIRS))
        check_whole(platform, [Maker(run).sop_uid(number, 0) for number in range(SOAK_PAIRS)])
    assert min(across) >= 20
    record_property("pairs received by two replicas", str(across))

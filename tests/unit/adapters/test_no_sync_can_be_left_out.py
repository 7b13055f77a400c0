"""The real adapters' system calls, recorded and replayed on the simulated disk: all syncs suffice, and none is idle."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from tests.support.fates import Chance, NamesSurvive, NothingSurvives
from tests.support.promises import Broken, check_promise
from tests.support.strace import SYNCS, Replay, Step, python, trace

from isocenter.errors import IsocenterError
from isocenter.runtime.clock import HybridClock

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def receive_traced(folder: Path, count: int, threads: int) -> tuple[list[Step], Path, Path]:
    root, acks = folder / "root", folder / "acks"
    command, environment = python(
        "tests.support.receiving_child", str(root), str(acks), str(count), "1", str(threads)
    )
    steps = trace(command, folder / "trace", environment)
    return steps, root, acks


def holds(replay: Replay, root: Path) -> bool:
    """Tell whether the promise holds for every disk that may be found after a power cut now."""
    for fate in (NothingSurvives(), NamesSurvive(), Chance(Random(1)), Chance(Random(2))):
        disk = replay.disk.after_power_cut(fate)
        try:
            check_promise(disk, root, HybridClock(), replay.acknowledged)
        except (Broken, IsocenterError):
            return False
    return True


def survives(steps: Sequence[Step], root: Path, acks: Path, left_out: frozenset[int]) -> bool:
    """Look after every acknowledgement, and at the end."""
    replay = Replay(root.parent, acks)
    for number, step in enumerate(steps):
        is_left_out = number in left_out
        is_acknowledgement = replay.apply(step, is_left_out=is_left_out) and step.name == "write"
        if is_acknowledgement and not holds(replay, root):
            return False
    return holds(replay, root)


@dataclass
class Sync:
    """One sync: its beginning and end among the steps, what it synced, how many acknowledgements went before.

    `had_work`: something was pending. A starting process syncs the folders it finds, since one that was killed may
    not have: the state machine of the acknowledgement path shows why. In one run from nothing those find nothing.
    """

    steps: frozenset[int]
    target: str
    acknowledged: int
    had_work: bool


def all_syncs(steps: Sequence[Step], root: Path, acks: Path) -> list[Sync]:
    replay = Replay(root.parent, acks)
    begun: dict[int, tuple[int, bool]] = {}
    found: list[Sync] = []
    for number, step in enumerate(steps):
        target = replay.target(step)
        has_work = replay.apply(step)
        if step.name not in SYNCS or not target:
            continue
        if step.result is None:
            begun[step.thread] = (number, has_work)
        else:
            begin, had_work = begun.pop(step.thread)
            pair = frozenset({begin, number})
            found.append(Sync(pair, target, len(replay.acknowledged), had_work))
    return found


def others_like(sync: Sync, syncs: Sequence[Sync]) -> frozenset[int]:
    """Steps of every sync of the same thing before the same acknowledgement.

    Object store and journal are made apart and each syncs the folder they share when it is new.
    """
    alike = [
        one for one in syncs if (one.target, one.acknowledged) == (sync.target, sync.acknowledged)
    ]
    return frozenset().union(*(one.steps for one in alike))


def test_each_sync_of_a_receive_is_needed_and_together_they_suffice(tmp_path: Path) -> None:
    steps, root, acks = receive_traced(tmp_path, count=3, threads=1)
    assert survives(steps, root, acks, frozenset())
    syncs = all_syncs(steps, root, acks)
    working = [sync for sync in syncs if sync.had_work]
    assert len(working) >= 18  # 3 data sets, 3 commits, the end mark, 11 folders that were new
    shared = [sync for sync in working if survives(steps, root, acks, sync.steps)]
    idle = [sync.target for sync in shared if survives(steps, root, acks, others_like(sync, syncs))]
    assert idle == []
    assert {sync.target for sync in shared} <= {str(root), str(root.parent)}


def test_shared_syncs_of_many_threads_suffice(tmp_path: Path) -> None:
    steps, root, acks = receive_traced(tmp_path, count=24, threads=6)
    assert survives(steps, root, acks, frozenset())

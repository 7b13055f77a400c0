"""Rounds of a fault on a cluster platform: sends while it is harmed, then all evidence is held against each other."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.cluster_platform import ClusterPlatform
from tests.support.sending import Item, Sending, acknowledged

SEED = 20_262
INSTANCES, STUDIES, SIDE = 400, 5, 32  # of one round
SENT_WITHIN_S = 120.0
SETTLED_WITHIN_S = 240.0
ALL = range(INSTANCES)
Round = Callable[[ClusterPlatform, Path, int], list[str]]
"""Sends a round's instances, harms meanwhile, and says what. Takes the sender's log and the round's number."""


def chance(number: int) -> random.Random:
    """The same in every run of a round."""
    return random.Random(f"{SEED}-{number}")


@contextmanager
def under_way(
    platform: ClusterPlatform, log: Path, number: int, which: range = ALL, *, associations: int = 3
) -> Iterator[Sending]:
    """A send that goes on during the block; after it, all has to be acknowledged."""
    items = [Item(n % STUDIES, n // STUDIES) for n in which]
    maker = Maker(number, SIDE, SIDE)
    sending = Sending(platform, maker, items, log, associations=associations)
    sending.start()
    try:
        yield sending
    except BaseException:
        sending.stop()
        raise
    sending.finish(SENT_WITHIN_S)


def until_acknowledged(platform: ClusterPlatform, sending: Sending, count: int) -> None:
    """Wait until so many were, or the send has ended for whatever reason."""
    platform.until(lambda: sending.acknowledged >= count or sending.is_over, SENT_WITHIN_S)


def until_whole(platform: ClusterPlatform) -> None:
    """Wait until every process runs."""
    platform.until(lambda: platform.pids().keys() == set(platform.parts), 60)


def run(
    platform: ClusterPlatform, folder: Path, rounds: range, send: Round, *, is_wiped: bool = False
) -> Counter[str]:
    """Rounds on one platform; gives how often what was harmed. `is_wiped`: the broker's store is taken away."""
    log, harmed = folder / "acknowledged.log", Counter[str]()
    for number in rounds:
        began = time.monotonic()
        harmed.update(send(platform, log, number))
        sent = time.monotonic()
        until_whole(platform)
        until_indexed(platform, SETTLED_WITHIN_S)
        if not is_wiped:
            until_told(platform, SETTLED_WITHIN_S)
        print(f"round {number}: {sent - began:.1f} s, {time.monotonic() - sent:.1f} s to settle")  # noqa: T201
        wrong = check(collect(platform, acknowledged(log), is_wiped=is_wiped))
        assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert len(set(acknowledged(log))) == INSTANCES * len(rounds)
    return harmed

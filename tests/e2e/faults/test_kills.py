"""Kill -9 of any process at random moments of a send: acknowledged ⊆ stored ⊆ searchable or held, each exactly once."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, events, until_indexed, until_told
from tests.support.killing import AIMS, STEPS, Killer, Report, carry_out, plan
from tests.support.platform import PARTS, Platform, running
from tests.support.scu import Association, Lost
from tests.support.sending import Attempt, Item, Sending, acknowledged

SEED = 20_261
INSTANCES, STUDIES = 2_000, 10  # of one send
ROUNDS, SOAK_ROUNDS = 10, 200  # of one platform, of as many as it takes
SIDE = 100  # rows and columns: 20 KB
OTHERS = ("indexer", "http-1", "http-2", "transcoder", "nats", "supervisor")


def send_and_kill(platform: Platform, killer: Killer, log: Path, number: int) -> list[Attempt]:
    """One send of 2,000, ingest killed twice and three others once."""
    rng = random.Random(f"{SEED}-{number}")
    maker = Maker(number, SIDE, SIDE)
    items = [Item(n % STUDIES, n // STUDIES) for n in range(INSTANCES)]
    sending = Sending(platform, maker, items, log)
    victims = ["ingest", "ingest", *rng.sample(OTHERS, 3)]
    sending.start()
    try:
        carry_out(plan(rng, victims, INSTANCES), killer, sending, rng)
    finally:
        if sending.is_over:
            sending.stop()
    sending.finish(90)
    return sending.attempts


def send_and_aim(platform: Platform, killer: Killer, log: Path, number: int) -> list[Attempt]:
    """One more send, for the steps in which nobody was killed so far by chance."""
    maker = Maker(number, SIDE, SIDE)
    items = [Item(n % STUDIES, n // STUDIES) for n in range(INSTANCES)]
    sending = Sending(platform, maker, items, log)
    sending.start()
    try:
        for step in AIMS:
            platform.until(lambda: serves(platform) or sending.is_over, 30)
            killer.aim(step, sending)
    finally:
        sending.finish(90)
    return sending.attempts


def serves(platform: Platform) -> bool:
    try:
        with Association(platform.dicom_port):
            return True
    except Lost:
        return False


def run(platform: Platform, folder: Path, rounds: range) -> list[tuple[str, str]]:
    """Rounds on one platform, then aimed kills, and all evidence held against each other at the end."""
    report, attempts, log = Report(), list[Attempt](), folder / "acknowledged.log"
    killer = Killer(platform, report)
    print(f"seed {SEED}, rounds {rounds}")  # noqa: T201
    for number in rounds:
        began = time.monotonic()
        attempts += send_and_kill(platform, killer, log, number)
        print(f"round {number}: {time.monotonic() - began:.1f} s")  # noqa: T201
    by_chance = report.steps(attempts, [])
    attempts += send_and_aim(platform, killer, log, rounds.stop)
    until_indexed(platform)
    until_told(platform)
    wrong = check(collect(platform, acknowledged(log)))
    assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert len(set(acknowledged(log))) == INSTANCES * (len(rounds) + 1)
    steps = report.steps(attempts, events(platform))
    assert all(report.killed[name] for name in (*PARTS, "supervisor")), report.killed
    assert all(steps[step] for step in STEPS), steps
    return [
        ("kills", str(dict(report.killed))),
        ("instances by the step their process died in", str(dict(steps))),
        ("of these by chance", str({step: by_chance[step] for step in AIMS})),
    ]


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_found_once_whoever_is_killed(
    platform: Platform, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    for name, value in run(platform, tmp_path, range(1, ROUNDS + 1)):
        record_property(name, value)


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(1, SOAK_ROUNDS // ROUNDS + 1))
def test_two_hundred_sends_under_kills(
    tmp_path: Path, batch: int, record_property: Callable[[str, object], None]
) -> None:
    with running(tmp_path / "data") as platform:
        rounds = range(1000 * batch, 1000 * batch + ROUNDS)
        for name, value in run(platform, tmp_path, rounds):
            record_property(name, value)

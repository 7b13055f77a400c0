"""Processes that hang instead of dying: stores are acknowledged all the same, and found when they go on."""

import signal

import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.platform import Platform
from tests.support.sending import Item, Sending, acknowledged


@pytest.mark.parametrize("names", [("nats",), ("indexer",), ("nats", "indexer")])
def test_stores_are_acknowledged_while_they_hang(
    platform: Platform, names: tuple[str, ...]
) -> None:
    log = platform.data / "acknowledged.log"
    before = len(acknowledged(log)) if log.exists() else 0
    maker = Maker(before + 1, 32, 32)
    sending = Sending(platform, maker, [Item(n % 3, n // 3) for n in range(300)], log)
    for name in names:
        platform.signal(name, signal.SIGSTOP)
    try:
        sending.start()
        sending.finish(60)
    finally:
        for name in names:
            platform.signal(name, signal.SIGCONT)
    assert {attempt.outcome for attempt in sending.attempts} == {"acknowledged"}
    until_indexed(platform)
    until_told(platform)
    assert check(collect(platform, acknowledged(log))) == []
    assert len(acknowledged(log)) == before + 300

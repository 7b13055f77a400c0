"""Packs nobody waits for are made while the machine has time to spare, slowly when it never has."""

import asyncio
import time

import pytest
from tests.support.wait import until

from isocenter.transcoder.spare import Spare, machine_ticks

LONG_S = 300.0


class Machine:
    """Processor time that goes by with the clock, a share of it used by others."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._used = 0.0
        self._at_s = time.monotonic()
        self._passed = 0.0

    def ticks(self) -> tuple[int, int]:
        now_s = time.monotonic()
        passed = (now_s - self._at_s) * 1_000_000
        self._at_s = now_s
        self._passed += passed
        self._used += passed * self.share
        return int(self._used), int(self._passed)


async def looked(spare: Spare) -> None:
    """Once, so that what follows is about the time since."""
    await spare.wait()
    await asyncio.sleep(0.2)  # shorter looks cannot tell


async def test_nobody_waits_while_others_use_little() -> None:
    spare = Spare(LONG_S, Machine(0.2).ticks)
    await looked(spare)
    await asyncio.wait_for(spare.wait(), 5)


async def test_who_can_wait_does_until_the_machine_is_not_busy() -> None:
    machine = Machine(0.9)
    spare = Spare(LONG_S, machine.ticks)
    await looked(spare)
    waiting = asyncio.create_task(spare.wait())
    await asyncio.sleep(0.6)
    assert not waiting.done()
    machine.share = 0.1
    await asyncio.wait_for(waiting, 5)


async def test_on_a_machine_that_is_always_busy_patience_ends() -> None:
    spare = Spare(0.5, Machine(1.0).ticks)
    await looked(spare)
    await asyncio.wait_for(spare.wait(), 5)


async def test_who_waits_is_let_go_when_somebody_reads() -> None:
    spare = Spare(LONG_S, Machine(1.0).ticks)
    await looked(spare)
    waiting = asyncio.create_task(spare.wait())
    await asyncio.sleep(0)
    spare.hurry()
    await asyncio.wait_for(waiting, 5)


async def test_where_nobody_counts_nobody_waits() -> None:
    spare = Spare(LONG_S, lambda: None)
    await looked(spare)
    await asyncio.wait_for(spare.wait(), 5)


async def test_this_machine_counts() -> None:
    before = machine_ticks()
    if before is None:
        pytest.skip("not on Linux")
    assert 0 < before[0] <= before[1]
    await until(lambda: (machine_ticks() or before)[1] > before[1])

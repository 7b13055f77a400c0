"""Time to spare: what nobody waits for is done while the rest of the machine is not busy."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

STAT = Path("/proc/stat")
BUSY_SHARE = 0.5
LOOK_S = 0.25

Ticks = tuple[int, int]
"""Processor time so far, of all cores: what was used by whoever did not ask to run last, and all there is."""


def machine_ticks() -> Ticks | None:
    """As Linux counts them, None elsewhere; a process of lower priority, as each codec process is, counts as idle."""
    try:
        fields = [int(one) for one in STAT.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    user, _nice, system, _idle, _waiting, irq, soft_irq, stolen = fields
    return user + system + irq + soft_irq + stolen, sum(fields)


class Spare:
    """Waits, but never longer than `patience_s`: on a machine that is always busy packs come slowly, not never.

    Belongs to one event loop.
    """

    def __init__(
        self, patience_s: float, ticks: Callable[[], Ticks | None] = machine_ticks
    ) -> None:
        self._patience_s = patience_s
        self._ticks = ticks
        self._seen = ticks()
        self._seen_s = time.monotonic()
        self._busy = False
        self._hurried = asyncio.Event()

    async def wait(self) -> None:
        """Return when others use less than half of the processors; at once where nobody can tell."""
        end_s = time.monotonic() + self._patience_s
        hurried = self._hurried
        while self._is_busy() and time.monotonic() < end_s and not hurried.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await hurried.wait()

    def hurry(self) -> None:
        """Let go who waits now: somebody reads, and is behind them."""
        self._hurried.set()
        self._hurried = asyncio.Event()

    def _is_busy(self) -> bool:
        """Whether it was since the last look, or at that look when that is too short a time to tell."""
        now_s = time.monotonic()
        if now_s - self._seen_s >= LOOK_S / 2:
            before, self._seen, self._seen_s = self._seen, self._ticks(), now_s
            self._busy = _is_busy(before, self._seen)
        return self._busy


def _is_busy(before: Ticks | None, now: Ticks | None) -> bool:
    if before is None or now is None:
        return False
    return now[0] - before[0] > BUSY_SHARE * (now[1] - before[1])

"""Waiting for the index to change, for pages that keep themselves up to date."""

import asyncio

from isocenter.streaming.generation import Generation

POLL_S = 0.25
WAIT_S = 25.0
MAX_WAITING = 256


class Changes:
    """Looks at the index's generation with all that wait; nobody waits longer than `WAIT_S`, or once draining."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._waiting = 0
        self._stopped = False

    async def after(self, generation: int) -> int:
        """The index's generation, as soon as it is another than the given one."""
        current = await self._generation.current()
        if self._waiting >= MAX_WAITING:
            return current
        self._waiting += 1
        try:
            polls = int(WAIT_S / POLL_S)
            while current == generation and polls > 0 and not self._stopped:
                await asyncio.sleep(POLL_S)
                polls -= 1
                current = await self._generation.current()
        finally:
            self._waiting -= 1
        return current

    def stop(self) -> None:
        """Let everybody go: the process is draining."""
        self._stopped = True

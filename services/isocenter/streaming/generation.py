"""The index's generation, looked at for all routes and waiting pages of a process together."""

import asyncio
import time

from isocenter.ports.index import IndexReader
from isocenter.runtime.asking import Asking

SERVER_LOOK_S = 2.0  # a change of an index on a server is seen this late at most


class Generation:
    """Looks anew only when the last look is too old; of many who ask at once, one looks."""

    def __init__(self, index: IndexReader, ask: Asking) -> None:
        self._index = index
        self._ask = ask
        self._lock = asyncio.Lock()
        self._seen = -1
        self._looked = float("-inf")

    async def current(self, age_s: float = 0.0) -> int:
        """As it was `age_s` ago or later; on a server at least `SERVER_LOOK_S` ago or later."""
        allowed_s = age_s if self._ask.is_inline else max(age_s, SERVER_LOOK_S)
        if time.monotonic() - self._looked < allowed_s:
            return self._seen
        async with self._lock:
            began = time.monotonic()
            if began - self._looked >= allowed_s:
                self._seen = await self._ask(self._index.generation)
                self._looked = began
            return self._seen

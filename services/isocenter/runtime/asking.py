"""One way for an event loop to ask the index: inline where it is a file, in a few threads where it is a server."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from isocenter.errors import Busy
from isocenter.ports.index import IndexReader

THREADS = 8
MAX_WAITING = 256  # questions beside those that are being asked

P = ParamSpec("P")
R = TypeVar("R")


class Asking:
    """Asks one index. Threads of its own: a server that hangs keeps nothing else from being done."""

    def __init__(self, index: IndexReader) -> None:
        self.index = index
        self.is_inline = index.is_local
        self._threads: ThreadPoolExecutor | None = None
        self._asked = 0

    async def __call__(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do a call of the index, or several. Raises Busy when too many wait for a server, and what the call raises."""
        if self.is_inline:
            return call(*args, **kwargs)
        if self._asked >= THREADS + MAX_WAITING:
            raise Busy("too many wait for the index", retry_after_s=1.0)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="index")
        context = copy_context()
        self._asked += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._threads, lambda: context.run(call, *args, **kwargs)
            )
        finally:
            self._asked -= 1

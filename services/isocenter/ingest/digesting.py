"""The digest of a data set, computed from the buffer it passes through, on another core when one is free."""

import hashlib
import os
import queue
import threading
from collections.abc import Callable

UNIT_BYTES = 128 << 10  # worth handing over
MAX_THREADS = 4


class Digesters:
    """A few threads that take work only when one of them is idle; whoever offers it does it otherwise.

    So with one sender hashing goes on beside receiving, and with many, when every core is busy anyway, no time is lost
    by handing over.
    """

    def __init__(self, threads: int | None = None) -> None:
        count = min(MAX_THREADS, max(1, (os.cpu_count() or 2) - 1)) if threads is None else threads
        self._lock = threading.Lock()
        self._idle = count
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"digest-{n}", daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, work: Callable[[], None]) -> bool:
        """Have it done by an idle thread, or return False. `work` must not raise."""
        with self._lock:
            if self._idle == 0:
                return False
            self._idle -= 1
        self._work.put(work)
        return True

    def close(self) -> None:
        """End the threads after what they do."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            with self._lock:
                self._idle += 1


class BufferDigest:
    """sha256 over a prefix, then a buffer from `start` on, as often as it is filled; for the thread that fills it.

    `is_alone`: there is a core to spare, so idle threads are asked to help.
    """

    __slots__ = ("_buffer", "_digesters", "_filled", "_hashed", "_is_alone", "_is_free", "_sha")

    def __init__(
        self,
        digesters: Digesters,
        prefix: bytes,
        buffer: memoryview,
        start: int,
        *,
        is_alone: bool,
    ) -> None:
        self._digesters = digesters
        self._sha = hashlib.sha256(prefix)
        self._buffer = buffer
        self._hashed = self._filled = start
        self._is_alone = is_alone
        self._is_free = threading.Lock()  # held by whoever hashes

    def grew(self, filled: int) -> None:
        """The buffer holds that much now: begin beside, when it is worth it and nobody is at it."""
        self._filled = filled
        if not self._is_alone or filled - self._hashed < UNIT_BYTES:
            return
        if self._is_free.acquire(blocking=False) and not self._digesters.offer(self._hash_there):
            self._is_free.release()

    def settle(self) -> None:
        """Hash what is left; on return nobody looks at the buffer, which may be filled anew from its start."""
        with self._is_free:
            self._hash(1)
            self._hashed = self._filled = 0

    def hexdigest(self) -> str:
        """Give the digest of all that was settled, 64 hexadecimal digits."""
        return self._sha.hexdigest()

    def _hash_there(self) -> None:
        try:
            self._hash(UNIT_BYTES)
        finally:
            self._is_free.release()

    def _hash(self, least: int) -> None:
        while (end := self._filled) - self._hashed >= least:
            self._sha.update(self._buffer[self._hashed : end])
            self._hashed = end

"""The digest of a data set, computed from the spool while it still grows, on another core when one is free."""

import hashlib
import os
import queue
import threading
from collections.abc import Callable

UNIT_BYTES = 256 << 10
MAX_LAG_BYTES = 4 << 20  # what is behind further than this is hashed by the thread that writes
MAX_THREADS = 4
WORTH_HANDING_OVER_BYTES = 128 << 10


class Digesters:
    """A few threads that take work only when one of them is idle; whoever offers it does it otherwise.

    So with one sender hashing goes on beside receiving, and with many, when every core is busy anyway, no time is lost
    by handing over: then bytes are hashed where they are written, from memory that is still in the cache.
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

    def are_busy(self) -> bool:
        """Tell whether none would take work just now."""
        return self._idle == 0

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


_local = threading.local()


def _buffer() -> memoryview:
    """One for each thread, kept: fresh memory would cost a page fault for every 4 KiB."""
    view: memoryview | None = getattr(_local, "view", None)
    if view is None:
        view = _local.view = memoryview(bytearray(UNIT_BYTES))
    return view


class SpoolDigest:
    """sha256 over a prefix and then the spool from `offset` on; used by the thread that writes the spool."""

    def __init__(
        self, digesters: Digesters, fd: int, prefix: bytes, offset: int, *, is_direct: bool = False
    ) -> None:
        self._digesters = digesters
        self._fd = fd
        self._sha = hashlib.sha256(prefix)
        self._hashed_to = offset
        self._written_to = offset
        self._is_free = threading.Lock()  # held by whoever hashes
        self._is_direct = is_direct or digesters.are_busy()
        self._error: OSError | None = None

    def took(self, content: bytes | memoryview) -> None:
        """The spool grew by that."""
        self._written_to += len(content)
        if self._is_direct:
            self._sha.update(content)
            self._hashed_to = self._written_to
            return
        lag = self._written_to - self._hashed_to
        if lag > MAX_LAG_BYTES:
            self._hash_here()
        elif lag >= UNIT_BYTES:
            self._offer()

    def complete(self) -> bool:
        """Nothing follows. Tell whether hashing goes on beside, so that other things may be done until `result`."""
        lag = self._written_to - self._hashed_to
        return lag >= WORTH_HANDING_OVER_BYTES and self._offer(to_the_end=True)

    def result(self) -> str:
        """Hash the rest; 64 hexadecimal digits. Raises OSError when the spool cannot be read."""
        self._hash_here()
        if self._error is not None:
            raise self._error
        return self._sha.hexdigest()

    def cancel(self) -> None:
        """Return when nobody reads the spool any more."""
        self._written_to = 0
        with self._is_free:
            pass

    def _offer(self, *, to_the_end: bool = False) -> bool:
        """Have it hashed by another thread, unless one is at it."""
        if not self._is_free.acquire(blocking=False):
            return True
        is_taken = self._digesters.offer(lambda: self._hash_there(to_the_end))
        if not is_taken:
            self._is_free.release()
        return is_taken

    def _hash_here(self) -> None:
        with self._is_free:
            self._hash(to_the_end=True)

    def _hash_there(self, to_the_end: bool) -> None:
        try:
            self._hash(to_the_end=to_the_end)
        finally:
            self._is_free.release()

    def _hash(self, *, to_the_end: bool) -> None:
        least = 1 if to_the_end else UNIT_BYTES
        view = _buffer()
        try:
            while self._written_to - self._hashed_to >= least:
                size = os.preadv(self._fd, [view], self._hashed_to)
                size = min(size, self._written_to - self._hashed_to)
                if size <= 0:
                    raise OSError("the spool is shorter than what was written")
                self._sha.update(view[:size])
                self._hashed_to += size
        except OSError as error:
            self._error = error

"""Memory that data sets pass through: page by page as the disk takes it, lent and lent again.

One write and one digest are then enough for most instances, and nothing is copied into the page cache on the way. Fresh
memory costs a page fault for every 4 KiB, which is why it is kept.
"""

import ctypes
import mmap
import threading
from collections import deque
from contextlib import suppress

BUFFER_BYTES = 576 << 10  # a CT slice of 512 x 512 with its header; a multiple of every block size
HUGE_PAGE_BYTES = 2 << 20
MAX_IDLE = 18  # buffers kept for the next


class Buffers:
    """Lends buffers and counts the data sets under way; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lent = 0
        self._idle: deque[memoryview] = deque()

    @property
    def lent(self) -> int:
        """How many are in use: data sets that come just now."""
        return self._lent

    def lend(self) -> memoryview:
        """Give `BUFFER_BYTES` from the start of a page on; what is in them is somebody else's."""
        with self._lock:
            self._lent += 1
            if not self._idle:
                self._idle.extend(_arena())
            return self._idle.pop()

    def take_back(self, buffer: memoryview) -> None:
        """Let another have it; once for each that was lent, when nobody looks at it any more."""
        with self._lock:
            self._lent -= 1
            if len(self._idle) < MAX_IDLE:
                self._idle.append(buffer)


def _arena() -> list[memoryview]:
    """Buffers in one huge page where there are such: for the disk one piece of memory instead of hundreds."""
    memory = mmap.mmap(-1, 2 * HUGE_PAGE_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    start = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % HUGE_PAGE_BYTES
    view = memoryview(memory)
    places = range(start, start + HUGE_PAGE_BYTES - BUFFER_BYTES + 1, BUFFER_BYTES)
    return [view[at : at + BUFFER_BYTES] for at in places]

"""Memory that data sets pass through: page by page as the disk takes it, lent and lent again.

One write and one digest are then enough for most instances, and nothing is copied into the page cache on the way. Fresh
memory costs a page fault for every 4 KiB, which is why it is kept.
"""

import mmap
import threading
from collections import deque

BUFFER_BYTES = 576 << 10  # a CT slice of 512 x 512 with its header; a multiple of every block size
MAX_IDLE = 16  # buffers kept for the next


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
            if self._idle:
                return self._idle.pop()
        return memoryview(mmap.mmap(-1, BUFFER_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))

    def take_back(self, buffer: memoryview) -> None:
        """Let another have it; once for each that was lent, when nobody looks at it any more."""
        with self._lock:
            self._lent -= 1
            if len(self._idle) < MAX_IDLE:
                self._idle.append(buffer)

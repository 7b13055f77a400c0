"""Data sets gathered in memory while several come at once: then one write and one digest are enough for most.

Every system call and every digest lets another thread run; with eight senders on two cores that alone was a third of
the receiver's processor time. A lone sender is better served by writing and hashing beside the receiving.
"""

import threading
from collections import deque

GATHER_BYTES = 576 << 10  # a CT slice of 512 x 512 with its header
MAX_IDLE = 8  # buffers kept for the next


class Gathering:
    """One data set's bytes so far, up to `GATHER_BYTES`."""

    __slots__ = ("_buffer", "_size", "_view")

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._size = 0

    def take(self, data: memoryview) -> bool:
        """Copy the bytes; False when they do not fit, and nothing is taken."""
        end = self._size + len(data)
        if end > len(self._buffer):
            return False
        self._view[self._size : end] = data
        self._size = end
        return True

    def content(self) -> memoryview:
        """What was taken."""
        return self._view[: self._size]

    def release(self) -> bytearray:
        """The buffer, for another."""
        self._view.release()
        return self._buffer


class Gatherings:
    """Counts the data sets under way and lends buffers; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._idle: deque[bytearray] = deque()

    def enter(self) -> Gathering | None:
        """Begin a data set; None when it is the only one. `leave` is called once at its end."""
        with self._lock:
            self._under_way += 1
            if self._under_way < 2:
                return None
            buffer = self._idle.pop() if self._idle else bytearray(GATHER_BYTES)
        return Gathering(buffer)

    def give_back(self, gathering: Gathering) -> None:
        """Let another have the buffer; no view of its content is used any more."""
        buffer = gathering.release()
        with self._lock:
            if len(self._idle) < MAX_IDLE:
                self._idle.append(buffer)

    def leave(self) -> None:
        """A data set has ended."""
        with self._lock:
            self._under_way -= 1

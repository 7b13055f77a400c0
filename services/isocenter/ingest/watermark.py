"""Room left where spools lie: two marks, so that a full disk turns senders away before anything breaks."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from isocenter.errors import OutOfSpace

POLL_S = 0.25
RETRY_AFTER_S = 60.0
LOW_BYTES = 2 << 30
HARD_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Marks:
    """Free bytes. Below `low_bytes` new associations are turned away; below `hard_bytes` nothing is received.

    What is below the hard mark is the reserve from which journal, index and broker go on writing.
    """

    low_bytes: int = LOW_BYTES
    hard_bytes: int = HARD_BYTES


class Watermark:
    """Asks for the room left at most every `POLL_S`; safe to use from many threads."""

    def __init__(self, free_bytes: Callable[[], int | None], marks: Marks | None = None) -> None:
        self._free_bytes = free_bytes
        self._marks = marks or Marks()
        self._lock = threading.Lock()
        self._asked_s = float("-inf")
        self._free: int | None = None

    def accepting(self) -> bool:
        """Tell whether new associations are welcome; True where the store does not tell its room."""
        free = self.free()
        return free is None or free >= self._marks.low_bytes

    def check(self) -> None:
        """Raise OutOfSpace below the hard mark."""
        free = self.free()
        if free is not None and free < self._marks.hard_bytes:
            raise OutOfSpace("the disk is at its hard mark", retry_after_s=RETRY_AFTER_S)

    def free(self) -> int | None:
        """Room left, at most `POLL_S` old."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= POLL_S:
            with self._lock:
                if now_s - self._asked_s >= POLL_S:
                    self._free = self._free_bytes()
                    self._asked_s = now_s
        return self._free

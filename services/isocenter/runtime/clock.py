"""The hybrid logical clock, one in every process; composition lets it observe the journal's latest version."""

import threading
import time
from collections.abc import Callable

from isocenter.errors import InvalidRequest
from isocenter.events.versions import LOGICAL_BITS

MAX_VERSION = (1 << 63) - 1


def wall_ms() -> int:
    """Wall time, milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


class HybridClock:
    """`ports.clock.Clock` over a wall clock that may step back or stand still; safe to use from many threads.

    When more than 65,536 versions are taken in one millisecond they run ahead of the wall clock and stay unique.
    """

    def __init__(self, wall: Callable[[], int] = wall_ms) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._last = 0

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970 (UTC)."""
        return self._wall()

    def version(self) -> int:
        """Next version, greater than any given or observed before."""
        with self._lock:
            self._last = max(self._last + 1, self._wall() << LOGICAL_BITS)
            return self._last

    def observe(self, version: int) -> None:
        """Learn of a version from elsewhere; raises InvalidRequest outside 0 to 2^63 - 1."""
        if not 0 <= version <= MAX_VERSION:
            raise InvalidRequest("a version has 63 bits")
        with self._lock:
            self._last = max(self._last, version)

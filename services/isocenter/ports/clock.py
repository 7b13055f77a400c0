"""Time as the platform uses it: wall time for people, versions for order."""

from typing import Protocol


class Clock(Protocol):
    """A hybrid logical clock: versions of one process strictly increase, even when the wall clock steps back."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970 (UTC). May step back; nothing is ordered by it."""
        ...

    def version(self) -> int:
        """Next version: 47 bits of milliseconds, 16 bits of counter; greater than any given or observed before."""
        ...

    def observe(self, version: int) -> None:
        """Learn of a version from elsewhere; later versions are greater."""
        ...

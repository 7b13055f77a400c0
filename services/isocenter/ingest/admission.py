"""How many connections and associations there may be, in all and from one address."""

import threading
from collections import Counter


class Places:
    """A bounded number of places, fewer for any one address, so that one peer cannot keep all others out."""

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are taken now."""
        with self._lock:
            return self._taken.total()

    def take(self, address: str) -> bool:
        """Take one, or none when there is none."""
        with self._lock:
            if self._taken.total() >= self._total or self._taken[address] >= self._per_address:
                return False
            self._taken[address] += 1
            return True

    def give_back(self, address: str) -> None:
        """Give one back that was taken."""
        with self._lock:
            self._taken[address] -= 1
            if self._taken[address] <= 0:
                del self._taken[address]

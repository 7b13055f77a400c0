"""One writer at a time: a lease that lives in the index itself, so nothing that is wiped elsewhere resets it.

The state document names its holder, counts its writes, and carries a fencing number that rises with every holder.
Whoever wants it and is not the holder waits until the document has not changed for `LEASE_S` by its own clock; no
two clocks are compared. A holder that finds another's name has lost it for good.
"""

import threading
import time

from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import STATE, writing_alias
from isocenter.adapters.index.opensearch.server import Operation, Stored, Written
from isocenter.errors import Unavailable

LEASE_S = 10.0
RENEW_S = 2.0
NOBODY = ""
_TRIES = 5
_CONFLICT = 409


class Waiting:
    """What somebody who wants the lease has seen of it, over several tries."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def has_lapsed(self, generation: Generation, state: Stored) -> bool:
        """Tell whether nobody renewed it for long enough."""
        now = time.monotonic()
        seq_no, since = self._seen.get(generation.name, (-1, now))
        if seq_no != state.seq_no:
            since = now
        self._seen[generation.name] = state.seq_no, since
        return now - since >= LEASE_S


class Lease:
    """The right of `holder`, a process, to write one generation; several indexes of a process may share it.

    Safe to use from several threads.
    """

    def __init__(self, generation: Generation, holder: str) -> None:
        self._generation = generation
        self._holder = holder
        self._alias = writing_alias(generation.index("ledger"))
        self._state: Stored | None = None
        self._renewed = 0.0
        self._lost = False
        self._lock = threading.RLock()

    @property
    def is_lost(self) -> bool:
        """Somebody else was found to hold it."""
        return self._lost

    @property
    def fence(self) -> int:
        """The fencing number: greater than that of every earlier holder."""
        return int(self._state.source["fence"]) if self._state is not None else 0

    def acquire(self, waiting: Waiting) -> None:
        """Take it. Raises Unavailable while somebody else holds it."""
        for _ in range(_TRIES):
            state = self._look()
            other = state is not None and state.source["holder"] not in {NOBODY, self._holder}
            if state is not None and other and not waiting.has_lapsed(self._generation, state):
                break
            if self._wrote(self._operation(state)):
                return
        raise Unavailable("somebody else writes this index", retry_after_s=1.0)

    def renew(self) -> None:
        """Keep it, when it is time to. Raises Unavailable once it is lost."""
        if self._lost:
            raise Unavailable("somebody else writes this index")
        with self._lock:
            if time.monotonic() - self._renewed >= RENEW_S:
                self._rewrite(0)

    def check(self) -> None:
        """Find it still held, or raise Unavailable; what was known a moment ago does not count."""
        with self._lock:
            if not self._lost:
                state = self._look()
                self._lost = state is None or state.source["holder"] not in {NOBODY, self._holder}
            self.renew()

    def note_write(self) -> Operation:
        """Count one more write, and keep the lease by it; `settle` has to hear what became of it."""
        with self._lock:
            return self._operation(self._state, 1)

    def settle(self, operation: Operation, written: Written) -> None:
        """Learn what became of `note_write`.

        When the document had changed, by another index of this process or because an answer was lost, count anew.
        """
        with self._lock:
            if not self._learned(operation, written):
                self._rewrite(1)

    def release(self) -> None:
        """Let the next one in at once."""
        state = self._look()
        if state is not None and not self._lost and state.source["holder"] == self._holder:
            seen = state.seq_no, state.primary_term
            source = state.source | {"holder": NOBODY}
            operation = Operation("index", self._alias, STATE, source, seen=seen)
            self._generation.server.bulk([operation], refresh=False)

    def _rewrite(self, more: int) -> None:
        for _ in range(_TRIES):
            state = self._look()
            if state is None or state.source["holder"] not in {NOBODY, self._holder}:
                self._lost = True
                raise Unavailable("somebody else writes this index")
            if self._wrote(self._operation(state, more)):
                return
        raise Unavailable("too many write this index at once", retry_after_s=1.0)

    def _look(self) -> Stored | None:
        return self._generation.server.get(self._generation.index("ledger"), STATE)

    def _operation(self, state: Stored | None, more: int = 0) -> Operation:
        source = {"kind": STATE, "holder": self._holder, "fence": 1, "writes": more}
        if state is None:
            return Operation("create", self._alias, STATE, source)
        before = state.source
        source["fence"] = before["fence"] + (before["holder"] != self._holder)
        source["writes"] = before["writes"] + more
        seen = state.seq_no, state.primary_term
        return Operation("index", self._alias, STATE, source, seen=seen)

    def _wrote(self, operation: Operation) -> bool:
        (written,) = self._generation.server.bulk([operation], refresh=False)
        return self._learned(operation, written)

    def _learned(self, operation: Operation, written: Written) -> bool:
        if written.status == _CONFLICT or operation.source is None:
            return False
        self._state = Stored(operation.source, 0, written.seq_no, written.primary_term)
        self._renewed = time.monotonic()
        return True

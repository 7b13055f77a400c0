"""Copying objects from one store to another, each proven by its digest before it is given its key."""

import hashlib
import mmap
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal, NamedTuple

from isocenter.errors import NotFound
from isocenter.ingest.purge_plan import away, quarantine_keys
from isocenter.operations.wanted import Proof, Wanted
from isocenter.ports.objects import ObjectStore

THREADS = 4
BATCH = 256  # objects under way or waiting for their turn
CHUNK_BYTES = 1 << 20
MAX_NOTE_BYTES = 1 << 20
Outcome = Literal["there", "copied", "missing", "changed"]


class Done(NamedTuple):
    """What became of one object."""

    wanted: Wanted
    outcome: Outcome


class Transfer:
    """From `source` to `target`. An object that is at the target with its size was proven when it was put there."""

    def __init__(self, source: ObjectStore, target: ObjectStore) -> None:
        self._source = source
        self._target = target

    def copy(self, wanted: Iterable[Wanted], each: Callable[[Done], None]) -> None:
        """Copy all, a few at a time; `each` is called in their order by the calling thread."""
        todo = list(wanted)
        with ThreadPoolExecutor(THREADS, "transfer") as threads:
            for start in range(0, len(todo), BATCH):
                for done in threads.map(self._one, todo[start : start + BATCH]):
                    each(done)

    def _one(self, wanted: Wanted) -> Done:
        if self._is_there(wanted):
            return Done(wanted, "there")
        for key in (wanted.key, away(wanted.key)):
            with suppress(NotFound):
                outcome = self._stream(key, wanted)
                if outcome == "copied" and not wanted.is_instance:
                    self._note(wanted)
                return Done(wanted, outcome)
        return Done(wanted, "missing")

    def _is_there(self, wanted: Wanted) -> bool:
        try:
            if self._target.stat(wanted.key).size_bytes == wanted.size_bytes:
                return True
        except NotFound:
            return False
        self._target.delete(wanted.key)  # cut off: a store keeps what it has under a key
        return False

    def _stream(self, key: str, wanted: Wanted) -> Outcome:
        """Copy one; raises NotFound. What is not as it should be is not kept."""
        if self._source.stat(key).size_bytes != wanted.size_bytes:
            return "changed"
        proof, whole = Proof(wanted), hashlib.sha256()
        spool = self._target.spool()
        try:
            with mmap.mmap(-1, CHUNK_BYTES) as memory:
                for chunk in self._source.stream(key):
                    proof.take(chunk)
                    whole.update(chunk)
                    memory[: len(chunk)] = chunk
                    with memoryview(memory) as view:
                        spool.append(view, len(chunk))
            if not proof.holds():
                return "changed"
            spool.flush()
            self._target.put_file(spool, wanted.key, sha256=whole.hexdigest())
        finally:
            spool.discard()
        return "copied"

    def _note(self, wanted: Wanted) -> None:
        """The description beside quarantined bytes, for whoever finds the folder without us."""
        for key in quarantine_keys(wanted.key)[1:]:
            with suppress(NotFound):
                self._target.put(key, self._source.read(key, 0, MAX_NOTE_BYTES))

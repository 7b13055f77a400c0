"""A backup into empty back-ends of any kind: objects first, then the journal, so that no entry names what is not."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from isocenter.adapters.journal.names import FOLDER
from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.errors import Conflict, Corrupted, NotFound, Unavailable
from isocenter.operations import configuration, manifest
from isocenter.operations.backup import gone_in
from isocenter.operations.manifest import Manifest
from isocenter.operations.proving import damaged_files, wanted_in
from isocenter.operations.transfer import BATCH, Done, Transfer
from isocenter.operations.verify import Fault
from isocenter.operations.wanted import Wanted
from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexReader
from isocenter.ports.objects import ObjectStore

MARK = "restore/unfinished"  # holds the digest of the manifest that is being restored
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup is restored to. `segments` is the store that the journal lies in. `index` is None: none there."""

    objects: ObjectStore
    segments: ObjectStore
    index: IndexReader | None
    config_folder: Path


@dataclass(slots=True)
class Restored:
    """What a restore did."""

    commits: int = 0
    copied_objects: int = 0
    stayed: list[str] = field(default_factory=list)  # files of the configuration that were there
    left_out: list[str] = field(default_factory=list)  # secrets, which no backup holds
    faults: list[Fault] = field(default_factory=list)


class Restore:
    """One run. Killed, it is run again and goes on; `finish` ends it, once the index is built too."""

    def __init__(self, store: ObjectStore, target: Target, clock: Clock, step: Step) -> None:
        self._store = store
        self._target = target
        self._clock = clock
        self._step = step
        self._done = Restored()
        self._missing: list[Wanted] = []

    def run(self) -> Restored:
        """Copy all. Raises NotFound (no finished backup), Corrupted (of its journal), Conflict (not empty)."""
        told = manifest.read(self._store)
        for fault in damaged_files(self._store, told):
            raise Corrupted(
                f"{fault.object_key} of the backup is {fault.fault}; nothing was restored"
            )
        self._begin(told)
        journal = ObjectJournal(self._store, self._clock)
        self._copy_objects(journal, told)
        self._copy_segments(told)
        folder = self._target.config_folder
        self._done.stayed = configuration.restore(self._store, told.files, folder)
        self._done.left_out = told.left_out
        self._done.commits = sum(told.ends.values())
        return self._done

    def finish(self) -> None:
        """The archive is whole; from now on it is not empty."""
        self._target.objects.delete(MARK)

    def _begin(self, told: Manifest) -> None:
        mark = hashlib.sha256(repr(told).encode()).hexdigest().encode()
        try:
            if self._target.objects.read(MARK, 0, len(mark)) == mark:
                return  # ours, killed before its end
        except NotFound:
            pass
        for what in _content(self._target):
            raise Conflict(f"a backup is restored into empty back-ends only, and {what}")
        self._target.objects.put(MARK, mark)

    def _copy_objects(self, journal: ObjectJournal, told: Manifest) -> None:
        transfer = Transfer(self._store, self._target.objects)
        wanted = wanted_in(journal, told, self._step)
        while batch := {one.key: one for one in islice(wanted, BATCH)}:
            transfer.copy(batch.values(), self._did)
        gone = gone_in(journal) if self._missing else set()
        self._done.faults += [
            Fault("missing", one.key, digest=one.digest)
            for one in self._missing
            if one.key not in gone and one.digest not in gone
        ]

    def _did(self, done: Done) -> None:
        if done.outcome == "missing":
            self._missing.append(done.wanted)
        elif done.outcome == "changed":
            self._done.faults.append(Fault("changed", done.wanted.key, digest=done.wanted.digest))
        elif done.outcome == "copied":
            self._done.copied_objects += 1

    def _copy_segments(self, told: Manifest) -> None:
        for key, file in told.files.items():
            if key.startswith(f"{FOLDER}/"):
                content = self._store.read(key, 0, file.size_bytes)
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    raise Corrupted(f"{key} of the backup differs from its digest")
                self._target.segments.put(key, content)


def _content(target: Target) -> Iterator[str]:
    """What is there already, in words that follow on `and`."""
    for what, store in (("objects", target.objects), ("journal", target.segments)):
        for info in islice(store.list(""), 1):
            yield f"the store of the {what} holds {info.key}"
    with suppress(Unavailable):  # there is none yet
        if target.index is not None and target.index.positions():
            yield "the index is not empty"

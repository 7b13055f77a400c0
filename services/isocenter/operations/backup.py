"""A copy of the truth, objects and journal, into a folder or a bucket, while the platform runs.

Where the journal ends is asked first. Then stream by stream, slice by slice: the objects its entries name, then the
slice itself. So the copy never names an object that it does not have, or that is not written down as owed; it goes on
where the copied journal ends, after a kill as after a year; and it is itself an archive, readable by every adapter.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from isocenter.adapters.journal.copying import Slice, read_slice, slices
from isocenter.adapters.journal.names import FOLDER
from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.journal.objects.contents import MAX_BYTES as MAX_SEGMENT_BYTES
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import Conflict, Corrupted, NotFound
from isocenter.events.entries import EntryKind
from isocenter.operations import configuration, manifest
from isocenter.operations.manifest import File, Manifest, stream_name
from isocenter.operations.transfer import Done, Transfer
from isocenter.operations.unfinished import Unfinished
from isocenter.operations.wanted import Wanted, gone_by, wanted_by
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Journal, Stream
from isocenter.ports.objects import ObjectStore

ROUNDS = 3  # to see the entry of a purge that went on meanwhile
Step = Callable[[int, int], None]  # commits copied, commits to copy


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up."""

    site: str
    journal: Journal
    objects: ObjectStore
    config_folder: Path


@dataclass(slots=True)
class Report:
    """What a run did. `lacking`: keys of objects that are missing or damaged at the source."""

    commits: int = 0
    copied_objects: int = 0
    copied_bytes: int = 0
    removed_objects: int = 0  # that were purged at the source
    left_out: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


class Backup:
    """One run into `store`. Two runs at a time into one store are not meant, and do no harm to what is copied."""

    def __init__(self, source: Source, store: ObjectStore, clock: Clock, step: Step) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._step = step
        self._transfer = Transfer(source.objects, store)
        self._owed = Unfinished(store)
        self._report = Report()
        self._total = 0

    def run(self) -> Report:
        """Raises Conflict when the store holds a backup of another archive."""
        before = _known(self._store)
        ends = self._source.journal.ends()
        self._check_same(ends)
        self._transfer.copy(list(self._owed.lacking.values()), self._did)
        self._advance(ends)
        for _ in range(ROUNDS):
            if not self._forgive_purged():
                break
            ends = self._source.journal.ends()
            self._advance(ends)
        self._remove_purged()
        self._finish(before)
        return self._report

    @property
    def _copy(self) -> ObjectJournal:
        """Opened anew each time: it expects news in late hours, and we write in early ones."""
        return ObjectJournal(self._store, self._clock)

    def _check_same(self, ends: Mapping[Stream, int]) -> None:
        for stream, end in self._copy.ends().items():
            if end > ends.get(stream, 0):
                raise Conflict(
                    f"the destination holds a backup of another archive: stream {stream_name(stream)} is not "
                    "in this one, or not as long"
                )

    def _advance(self, ends: Mapping[Stream, int]) -> None:
        have = self._copy.ends()
        self._total += sum(end - have.get(stream, 0) for stream, end in ends.items())
        for stream, end in sorted(ends.items()):
            for piece in slices(self._source.journal, stream, have.get(stream, 0), end):
                self._take(piece)

    def _take(self, piece: Slice) -> None:
        wanted: dict[str, Wanted] = {}
        for record in piece.records:
            named = wanted_by(record)
            if named is not None:
                wanted[named.key] = named
            elif record.entry.kind is EntryKind.PURGE:
                self._owed.purge(gone_by(record), record)
        self._transfer.copy(wanted.values(), self._did)
        self._owed.save()
        self._store.put(piece.key, piece.content)
        self._report.commits += piece.commits
        self._step(self._report.commits, self._total)

    def _did(self, done: Done) -> None:
        if done.outcome in ("missing", "changed"):
            self._owed.owe(done.wanted)
            return
        self._owed.settle(done.wanted)
        if done.outcome == "copied":
            self._report.copied_objects += 1
            self._report.copied_bytes += done.wanted.size_bytes

    def _forgive_purged(self) -> bool:
        """Take off what is owed and is gone on purpose; tells whether something still is owed."""
        if not self._owed.lacking:
            return False
        gone = gone_in(self._copy)
        for wanted in list(self._owed.lacking.values()):
            if wanted.key in gone or (not wanted.is_instance and wanted.digest in gone):
                self._owed.settle(wanted)
        return bool(self._owed.lacking)

    def _remove_purged(self) -> None:
        """Bytes and headers that were purged at the source go from the backup too, unless they came again since."""
        gone = {key: v for key, v in self._owed.purged.items() if not self._is_at_source(key)}
        if not gone:
            return

        def is_header(entry: Entry) -> bool:
            return entry.kind is EntryKind.RECEIPT and entry.version < _version_gone(entry, gone)

        self._copy.redact(is_header, since_ms=0)
        for key in gone:
            self._store.delete(key)
        self._report.removed_objects = len(gone)

    def _is_at_source(self, key: str) -> bool:
        try:
            self._source.objects.stat(key)
        except NotFound:
            return False
        return True

    def _finish(self, before: Mapping[str, File]) -> None:
        kept, left_out = configuration.back_up(self._source.config_folder, self._store)
        files = {**_segments(self._store, before), **kept}
        self._report.left_out = left_out
        self._report.lacking = sorted(self._owed.lacking)
        ends = {stream_name(stream): end for stream, end in self._copy.ends().items()}
        told = Manifest(
            self._source.site, self._clock.now_ms(), ends, files, left_out, self._report.lacking
        )
        manifest.write(self._store, told)
        self._owed.finish()


def _version_gone(entry: Entry, gone: Mapping[str, int]) -> int:
    receipt = pb.Receipt.FromString(entry.payload)
    return gone.get(receipt.object_key, 0)


def gone_in(journal: Journal) -> set[str]:
    """Keys and digests of everything the journal says is gone on purpose."""
    return {
        name
        for stream in journal.ends()
        for record in journal.read(stream)
        for name in gone_by(record)
    }


def _known(store: ObjectStore) -> Mapping[str, File]:
    try:
        return manifest.read(store).files
    except NotFound:
        return {}


def _segments(store: ObjectStore, before: Mapping[str, File]) -> dict[str, File]:
    """Every segment in the backup; those that are new, or were emptied of something, are read again and proven."""
    found: dict[str, File] = {}
    for info in store.list(f"{FOLDER}/"):
        known = before.get(info.key)
        if known is None or known.size_bytes != info.size_bytes:
            known = _proven(store, info.key)
        found[info.key] = known
    return found


def _proven(store: ObjectStore, key: str) -> File:
    content = store.read(key, 0, MAX_SEGMENT_BYTES + 1)
    try:
        piece = read_slice(key, content)
    except Corrupted as error:
        raise Corrupted(f"{key} is not read back as it was written") from error
    objects = sum(wanted_by(record) is not None for record in piece.records)
    return File(len(content), hashlib.sha256(content).hexdigest(), piece.commits, objects)

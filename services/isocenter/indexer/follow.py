"""Follow the journal: read on, fold, write down what was decided, write the rows with the new positions."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from google.protobuf.message import Message

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Corrupted, Unavailable
from isocenter.events.entries import EntryKind
from isocenter.events.versions import version_ms
from isocenter.indexer.changes import Changes, changes_of
from isocenter.indexer.decided import Decided, Decision, decode
from isocenter.indexer.document import row_of
from isocenter.indexer.reading import Batch, batches
from isocenter.indexer.scribe import Scribe
from isocenter.indexer.step import FOLDED, Mode, Step, Told
from isocenter.indexer.studies import Stamp, note_studies
from isocenter.ports.clock import Clock
from isocenter.ports.index import MetadataIndex
from isocenter.ports.index_rows import Claim, IndexBatch, InstanceRow
from isocenter.ports.journal import Journal, Record, Stream, without_number
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

RACES = 3  # steps begun anew because somebody else claimed meanwhile
# Positions that moved over entries of no interest look unapplied until they are kept.
SAVE_EVERY_S = 2.0

log = logger(__name__)


class Follower:
    """Keeps one index up with the journal; to be used by one thread at a time.

    The event handler, the sweep, catching up at the start and a rebuild all come down to `follow`.
    """

    def __init__(
        self,
        index: MetadataIndex,
        journal: Journal,
        scribe: Scribe,
        clock: Clock,
        default_issuer: str,
        mode: Mode = "live",
    ) -> None:
        self.index = index
        self.mode = mode
        self.decided = Decided()
        self.positions = index.positions()
        self.changed: dict[
            str, int
        ] = {}  # study: version of the last visible change, not recomputed
        self.departed: set[str] = set()
        self.arrived: set[str] = set()
        self._journal = journal
        self._scribe = scribe
        self._clock = clock
        self._default_issuer = default_issuer
        self.shown = (
            scribe.written
        )  # own commits whose rows are in the index: those that may be said
        self._unsaved: dict[Stream, int] = {}
        self._saved_s = time.monotonic()

    def follow(
        self,
        through: Mapping[Stream, int],
        saw: Callable[[Sequence[Record]], None] | None = None,
        always: Callable[[], Mapping[Stream, int]] | None = None,
    ) -> int:
        """Apply everything up to `through`, the streams of others only; return how many entries that were.

        `saw` gets the records of each batch, `always` gives positions to keep with it.
        """
        own = without_number(self._scribe.stream.node)
        theirs = {s: end for s, end in through.items() if without_number(s.node) != own}
        applied = 0
        for batch in batches(self._journal, self.positions, theirs):
            if saw is not None:
                saw(batch.records)
            self._apply(batch, always() if always is not None else {})
            if self.mode == "live":
                self._measure(batch)
            applied += len(batch.records)
        for stream, end in theirs.items():  # emptied commits at the end
            if end > self.positions.get(stream, 0):
                self.move(stream, end)
        if self.mode == "live":
            self.decided.clear()
            # where a write failed after its rows were there, nothing is left to write again
            self.shown = self._scribe.written
        if time.monotonic() - self._saved_s > SAVE_EVERY_S:
            self.save()
        return applied

    def handle(self, told: Told) -> None:
        """Apply one entry that is about to be the indexer's own: it is written with what it causes."""
        changes = self._changes([told])
        record, message = told
        self._write(changes, {}, own=(record, message))

    def replay(self, told: Sequence[Told]) -> None:
        """Apply entries of the indexer's own that are in the journal but perhaps not in the index."""
        changes = self._changes(told)
        if not changes.is_empty:
            self._write(changes, {})

    def write(self, batch: IndexBatch) -> None:
        """Write rows made elsewhere, with the positions that wait."""
        batch.positions = self._unsaved | batch.positions
        self.index.write(batch)
        self._unsaved = {}
        self._saved_s = time.monotonic()

    def move(self, stream: Stream, sequence: int) -> None:
        """Note a position to be kept with the next write; nothing is lost when there is none."""
        self.positions[stream] = self._unsaved[stream] = sequence

    def save(self) -> None:
        """Keep positions that wait."""
        if self._unsaved:
            self.write(IndexBatch())

    def _measure(self, batch: Batch) -> None:
        """Tell how long the receipt that waited longest was on its way."""
        versions = [r.entry.version for r in batch.records if r.entry.kind is EntryKind.RECEIPT]
        if versions:
            waited_ms = max(0, self._clock.now_ms() - version_ms(min(versions)))
            METRICS.observe("isocenter_searchable_seconds", waited_ms / 1000)

    def _apply(self, batch: Batch, always: Mapping[Stream, int]) -> None:
        told = list(_told(batch.records))
        positions = batch.positions | dict(always)
        if not told:
            self._skip(positions)
            return
        self._clock.observe(max(record.entry.version for record in batch.records))
        changes = self._changes(told)
        if changes.is_empty:
            self._skip(positions)
            return
        self._write(changes, positions)

    def _skip(self, positions: Mapping[Stream, int]) -> None:
        for stream, sequence in positions.items():
            self.move(stream, sequence)

    def _changes(self, told: Sequence[Told]) -> Changes:
        for _ in range(RACES):
            step = Step(self.index, self.decided, self._make_row, self.mode)
            step.run(told)
            changes = changes_of(step)
            stamp = Stamp(self._clock.version(), self._clock.now_ms(), self._default_issuer)
            note_studies(step, changes, stamp)
            if self._claim(changes.claims):
                return changes
        raise Unavailable("somebody else claims the same instances")

    def _claim(self, claims: Sequence[Claim]) -> bool:
        if not claims:
            return True
        standing = self.index.claim(claims)
        return all(standing[claim.subject] == claim.owner for claim in claims)

    def _write(
        self, changes: Changes, positions: Mapping[Stream, int], own: Told | None = None
    ) -> None:
        """Decisions first: what is shown was decided durably. What fails after that is decided already next time."""
        written: list[Record] = []
        decisions = changes.decisions
        if own is not None:
            record, message = own
            decisions = [_decision(record, message), *decisions]
        if decisions:
            self.index.check_writer()
            version = own[0].entry.version if own else 0
            written = self._scribe.write(decisions, version)
        batch = changes.batch
        batch.positions = self._unsaved | dict(positions)
        try:
            self.index.write(batch)
        except BaseException:
            self.decided.learn(written)
            raise
        self.shown = self._scribe.written
        self._unsaved = {}
        self._saved_s = time.monotonic()
        self.positions |= positions
        if self.mode == "live":
            for study in changes.turned:
                self.decided.present.pop(study, None)
            for study, version in changes.visible.items():
                self.changed[study] = max(self.changed.get(study, 0), version)
        if self.mode == "replay":
            self.decided.learn(written)
            self.arrived |= {row.study_instance_uid for row in batch.studies}
            self.departed |= set(batch.gone_studies)

    def _make_row(self, receipt: entries.Receipt, version: int, node: str) -> InstanceRow:
        return row_of(receipt, version, node, self._default_issuer)


def _decision(record: Record, message: Message) -> Decision:
    study: str = message.study_instance_uid  # type: ignore[attr-defined]  # all decisions name one
    return Decision(record.entry.kind, study, message)


def _told(records: Iterable[Record]) -> Iterable[Told]:
    """Decode what matters here. What cannot be decoded is passed over, loudly: one entry must not stop all others."""
    for record in records:
        if record.entry.kind not in FOLDED:
            continue
        try:
            message = decode(record)
        except Corrupted:
            log.error("entry_unreadable", sequence=record.position.sequence)
            continue
        if record.entry.kind != EntryKind.RECEIPT or cast(entries.Receipt, message).digest:
            yield record, message  # a receipt without digest was purged and emptied

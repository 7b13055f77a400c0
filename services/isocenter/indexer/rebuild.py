"""A new index from the journal alone: decisions are loaded first, then everything is folded again beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.events.versions import version_ms
from isocenter.indexer.claims import Claims, Identity
from isocenter.indexer.completion import manifest_of, previous_manifest
from isocenter.indexer.decided import Decision
from isocenter.indexer.follow import Follower
from isocenter.indexer.own import apply_to_rows, decisions, own_of
from isocenter.indexer.recompute import MAX_AT_ONCE, recompute
from isocenter.indexer.scribe import Scribe
from isocenter.ports.clock import Clock
from isocenter.ports.index import MetadataIndex
from isocenter.ports.index_rows import IndexBatch, StudyRow
from isocenter.ports.journal import Journal, Record, Stream

DOUBT_MS = 120_000  # decisions younger than this may not have been said when the index was lost
Progress = Callable[[int, int], None]  # commits applied, commits known
Saw = Callable[[Sequence[Record]], None]


class Rebuild:
    """One rebuild. Without `lost`, for an index that still serves: nothing is decided, nothing is said.

    Otherwise that index was lost: what was decided is replayed, and only what never was is decided now. It stays open
    meanwhile, for who may decide is who writes the index that serves, empty as it is.
    """

    def __init__(
        self,
        index: MetadataIndex,
        journal: Journal,
        scribe: Scribe,
        clock: Clock,
        default_issuer: str,
        *,
        lost: MetadataIndex | None = None,
    ) -> None:
        mode = "trusted" if lost is None else "replay"
        self.follower = Follower(index, journal, scribe, clock, default_issuer, mode)  # type: ignore[arg-type]  # one of the modes
        self._lost = lost
        self._journal = journal
        self._scribe = scribe
        self._clock = clock
        self._default_issuer = default_issuer
        self._learned: dict[Stream, int] = {}
        self._doubtful_ms = clock.now_ms() - DOUBT_MS
        self._again: set[str] = set()

    def advance(
        self,
        through: Mapping[Stream, int],
        progress: Progress | None = None,
        saw: Saw | None = None,
    ) -> None:
        """Come up to `through`. The decisions of all that lies before have to be in the journal already.

        `saw` gets the records that are too young to be sure that an event named them.
        """
        self._learn()
        total = sum(through.values())

        def look(records: Sequence[Record]) -> None:
            self._check_writer()
            if progress is not None:
                progress(sum(self.follower.positions.values()), total)
            if saw is not None and version_ms(records[-1].entry.version) >= self._doubtful_ms:
                saw(records)

        self.follower.follow(through, look)

    def finish(self) -> None:
        """Write all series and study documents, and what an index that was lost leaves open."""
        while studies := self.follower.index.dirty(self._clock.now_ms() + 1, MAX_AT_ONCE):
            self._check_writer()
            self._again -= set(studies)
            self._recompute(studies)
        self._recompute(sorted(self._again))
        self._again.clear()
        self._claim_released()
        if self.follower.mode == "replay":
            self._decide_open()
        self.follower.save()

    def _check_writer(self) -> None:
        """Raise Unavailable when another process has become the one that decides."""
        if self._lost is not None:
            self._lost.check_writer()

    def _learn(self) -> None:
        own = own_of(self._journal.ends(), self._scribe.stream.node)
        chunk: list[Record] = []
        for record in decisions(self._journal, self._learned, own):
            chunk.append(record)
            if len(chunk) >= 1000:
                self._take(chunk)
                chunk = []
        self._take(chunk)
        self._learned = own

    def _take(self, chunk: list[Record]) -> None:
        self.follower.decided.learn(chunk)
        self._again |= apply_to_rows(self.follower, chunk)
        for record in chunk:
            at = record.position
            if version_ms(record.entry.version) < self._doubtful_ms:
                self.follower.move(Stream(at.node, at.epoch), at.sequence)

    def _recompute(self, studies: Sequence[str]) -> None:
        """Without counting on rows of this rebuild: the last completion is what the journal says."""
        rows = recompute(self.follower, studies, self._clock, self._default_issuer)
        complete = [replace(row, complete=True) for row in rows.values() if self._is_complete(row)]
        if complete:
            self.follower.write(IndexBatch(studies=complete))

    def _is_complete(self, row: StudyRow) -> bool:
        if row.completed_at is None:
            return False
        manifest = manifest_of(self.follower.index.states(row.study_instance_uid))
        return manifest == previous_manifest(self._journal, row.completed_at)

    def _claim_released(self) -> None:
        """What a person let in owns its UIDs where, after all, nobody else does."""
        index, after = self.follower.index, ""
        while page := index.holds("released", after=after):
            for hold in page:
                row = index.row(hold.sop_instance_uid, hold.digest)
                if row is not None:
                    claims = Claims({}, index.standing)
                    claims.let_in(
                        Identity(
                            hold.study_instance_uid,
                            hold.series_instance_uid,
                            hold.sop_instance_uid,
                            row.patient,
                        )
                    )
                    index.claim(list(claims.made.values()))
            after = page[-1].hold_id

    def _decide_open(self) -> None:
        """Studies whose last word in the journal is not what the index shows: nobody came to write it down."""
        follower = self.follower
        open_decisions: list[Decision] = []
        for study in sorted(follower.arrived | follower.departed):
            present = follower.decided.present.get(study, False)
            visible = follower.index.study(study) is not None
            if visible and not present:
                first = min(
                    state.first_version
                    for state in follower.index.states(study)
                    if state.current and not (state.held or state.deleted)
                )
                arrival = entries.Arrival(study_instance_uid=study, receipt_version=first)
                open_decisions.append(Decision(EntryKind.ARRIVAL, study, arrival))
            elif present and not visible:
                rows = follower.index.deletions_of([study]).get(study, [])
                version = max((row.version for row in rows), default=0)
                departure = entries.Departure(study_instance_uid=study, deletion_version=version)
                open_decisions.append(Decision(EntryKind.DEPARTURE, study, departure))
        if open_decisions:
            self._check_writer()
            self._scribe.write(open_decisions)

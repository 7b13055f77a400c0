"""The indexer itself, without events or RPC. Blocking; everything is called by one thread."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.uids import partition_of
from isocenter.errors import Conflict, NotFound
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.indexer.behalf import events_on_behalf
from isocenter.indexer.completion import (
    completed,
    completion,
    manifest_of,
    modalities_of,
    previous_manifest,
)
from isocenter.indexer.decided import Decision
from isocenter.indexer.follow import Follower
from isocenter.indexer.own import is_own, last_commit, own_of, resume
from isocenter.indexer.rebuild import Rebuild
from isocenter.indexer.recompute import recompute
from isocenter.indexer.sayings import Saying, sayings
from isocenter.indexer.scribe import Scribe
from isocenter.indexer.settings import IndexerSettings
from isocenter.indexer.untold import TOLD, Untold
from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexGenerations, MetadataIndex
from isocenter.ports.index_rows import IndexBatch, StudyRow
from isocenter.ports.journal import Entry, Journal, Position, Record, Stream
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

MAX_STUDIES = 100  # recomputed or completed at a time
MAX_SAYINGS = 500  # commits said at a time

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Ports:
    """What the indexer needs from the outside, the bus aside."""

    generations: IndexGenerations
    journal: Journal
    clock: Clock


class Indexer:
    """Follows the journal into the serving index, and makes another index when that one is lost or asked for."""

    def __init__(self, ports: Ports, settings: IndexerSettings) -> None:
        self._ports = ports
        self._journal = ports.journal
        self._clock = ports.clock
        self._settings = settings
        index = ports.generations.open()  # first: who stands by writes no journal
        try:
            self._scribe = self._scribing()
            self._untold = Untold()
            self._index, self._follower, self._earlier = self._take_up(index)
        except BaseException:
            index.close()
            raise
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Whether it may be asked: not while the index is another's, or has to be opened anew."""
        return self._is_open

    def follow(self) -> int:
        """Apply what the journal has grown by; returns how many entries that were."""
        ends = self._ends()
        METRICS.set("isocenter_journal_lag_commits", self._behind(ends))
        return self._follower.follow(ends, self._saw, self._untold.positions)

    def measure(self) -> None:
        """Tell how far behind the index is when it cannot be written; of an index that is another's that is 0."""
        behind = self._behind(self._ends()) if self._is_open else 0
        METRICS.set("isocenter_journal_lag_commits", behind)

    def named(self, events: Sequence[Event]) -> None:
        """Learn of events: what they speak of was said."""
        self._untold.named(events, time.monotonic())

    def overdue(self) -> list[Event]:
        """Events for entries whose writer did not come to say them; to be given to `named` once they are out."""
        made: list[Event] = []
        for stream, lanes in self._untold.overdue(time.monotonic()).items():
            made += events_on_behalf(self._journal, stream, lanes, self._settings.site)
        return made

    def refresh(self, older_than_ms: int = 0) -> int:
        """Recompute studies whose instances changed, those that wait longest first; returns how many."""
        before_ms = self._clock.now_ms() - older_than_ms + 1
        studies = self._index.dirty(before_ms, MAX_STUDIES)
        if studies:
            recompute(self._follower, studies, self._clock, self._settings.default_issuer)
        return len(studies)

    def complete(self) -> int:
        """Complete the studies that were quiet long enough; returns how many.

        What was committed before this call is applied first, so no older entry is left unread.
        """
        now_ms = self._clock.now_ms()
        quiet = self._index.unsettled(now_ms - self._settings.shortest_settle_ms, MAX_STUDIES * 10)
        due = [study for study in quiet if self._is_due(study, now_ms)][:MAX_STUDIES]
        if not due:
            return 0
        through_version = self._clock.version()
        self.follow()
        rows = [self._recomputed(study) for study in due]
        return self._complete(
            [row for row in rows if row is not None and self._is_due(row, now_ms)], through_version
        )

    def handle_held(
        self, hold_id: str, state: Literal["released", "dropped"], caller: str, reason: str
    ) -> str:
        """Write down and apply what a person decided; returns the study. Saying the same again changes nothing.

        Raises NotFound, and Conflict when it was decided otherwise before.
        """
        self.follow()
        hold = self._index.hold(hold_id)
        if hold is None:
            raise NotFound("no such hold")
        study = hold.study_instance_uid
        if hold.state == state:
            return study
        if hold.state != "held":
            raise Conflict("this hold was decided before")
        message = entries.HoldHandled(
            hold_id=hold_id, study_instance_uid=study, action=state, caller=caller, reason=reason
        )
        entry = Entry(
            self._clock.version(),
            EntryKind.HOLD_HANDLED,
            partition_of(study),
            message.SerializeToString(),
        )
        place = Position(*self._scribe.stream, self._scribe.written + 1, 0)
        with self._resuming():
            self._follower.handle((Record(place, entry), message))
        self.refresh()
        return study

    def unsaid(self) -> list[Saying]:
        """Decisions that were not announced yet, oldest first; each to be given to `said` once it is out."""
        found: list[Saying] = []
        ends = self._earlier | {self._scribe.stream: self._follower.shown}
        for stream, end in ends.items():
            after = self._follower.positions.get(stream, 0)
            if end > after:
                through = min(end, after + MAX_SAYINGS)
                found += sayings(self._journal, stream, after, through, self._settings.site)
        return found

    def said(self, saying: Saying) -> None:
        """It is announced."""
        self._follower.move(saying.stream, saying.sequence)

    def stands(self) -> bool:
        """Whether the index still is there, and decisions can be written down."""
        return (
            self._is_open
            and not self._scribe.has_ended
            and self._ports.generations.serves(self._index)
        )

    def reopen(self) -> None:
        """Open the index anew; when it is gone, rebuild it. What the last stream ended with is taken up.

        Raises Unavailable while another process writes it; until this succeeds, nothing is written.
        """
        self._is_open = False
        if self._scribe.has_ended:
            self._scribe = self._scribing()
        self._index.close()
        index = self._ports.generations.open()
        said = own_of(self._follower.positions, self._settings.node)
        try:
            self._index, self._follower, self._earlier = self._take_up(index)
        except BaseException:
            index.close()
            raise
        for stream, sequence in said.items():
            if sequence > self._follower.positions.get(stream, 0):
                self._follower.move(stream, sequence)
        self._is_open = True

    def start_rebuild(self) -> Rebuild:
        """Begin a rebuild beside the serving index; `Rebuild.advance` may run in another thread."""
        return Rebuild(
            self._ports.generations.create(),
            self._journal,
            self._scribe,
            self._clock,
            self._settings.default_issuer,
        )

    def applied(self) -> dict[Stream, int]:
        """How far the serving index has come."""
        positions = self._follower.positions
        return {s: end for s, end in positions.items() if not s.node.startswith(TOLD)}

    def take_over(self, rebuild: Rebuild) -> None:
        """Let a rebuilt index serve, once it has exactly what the serving one has."""
        rebuild.advance(self.applied())
        rebuild.finish()
        follower = rebuild.follower
        for stream, sequence in self._follower.positions.items():
            if is_own(stream, self._settings.node):
                follower.move(stream, sequence)  # as far as it was said
        kept = self._untold.positions()
        for stream, sequence in kept.items():
            follower.move(stream, sequence)
        follower.save()
        self._ports.generations.swap(follower.index)
        self._index.close()
        self._index = follower.index
        self._follower = self._following(self._index)

    def save(self) -> None:
        """Keep positions that only moved over entries of no interest."""
        self._follower.save()

    def _ends(self) -> dict[Stream, int]:
        """Where the streams end that concern images."""
        ends = self._journal.ends().items()
        return {stream: end for stream, end in ends if not stream.is_audit}

    def _behind(self, ends: dict[Stream, int]) -> int:
        """Commits of others that are not in the index; of own ones the position is how far they were said."""
        positions = self._follower.positions
        theirs = {s: end for s, end in ends.items() if not is_own(s, self._settings.node)}
        return sum(max(0, end - positions.get(stream, 0)) for stream, end in theirs.items())

    def close(self) -> None:
        """Keep the positions and let go. A crash instead loses nothing."""
        self._follower.save()
        self._index.close()
        self._scribe.close()

    def _take_up(self, index: MetadataIndex) -> tuple[MetadataIndex, Follower, dict[Stream, int]]:
        """Go on where whoever wrote it before ended, with versions greater than all of theirs."""
        self._clock.observe(self._journal.latest_version())
        ends = self._ends()
        if not index.positions() and any(ends.values()):
            index = self._rebuilt(index, ends)
        follower = self._following(index)
        self._restore_untold(follower)  # first: following writes down anew how far all was told
        own = own_of(self._ends(), self._settings.node)
        unsaid = {s: end for s, end in own.items() if end > follower.positions.get(s, 0)}
        self._recompute_all(follower)
        resume(follower, last_commit(self._journal, unsaid), follower.decided)
        follower.follow(ends, self._saw, self._untold.positions)
        self._recompute_all(follower)
        return index, follower, unsaid

    def _recompute_all(self, follower: Follower) -> None:
        while studies := follower.index.dirty(self._clock.now_ms() + 1, MAX_STUDIES):
            recompute(follower, studies, self._clock, self._settings.default_issuer)

    def _scribing(self) -> Scribe:
        return Scribe(self._journal.writer(self._settings.node), self._clock)

    def _rebuilt(self, lost: MetadataIndex, ends: dict[Stream, int]) -> MetadataIndex:
        log.warning("index_lost")
        index = self._ports.generations.create()
        try:
            rebuild = Rebuild(
                index,
                self._journal,
                self._scribe,
                self._clock,
                self._settings.default_issuer,
                lost=lost,
            )
            rebuild.advance(ends, saw=self._saw)
            rebuild.finish()
            self._ports.generations.swap(index)
        except BaseException:
            index.close()
            raise
        lost.close()
        log.info("index_rebuilt", total=sum(ends.values()))
        return index

    def _following(self, index: MetadataIndex) -> Follower:
        return Follower(
            index, self._journal, self._scribe, self._clock, self._settings.default_issuer
        )

    def _restore_untold(self, follower: Follower) -> None:
        """Look again at what was applied before this start, but perhaps never said."""
        for stream, (told, applied) in self._untold.restore(follower.positions).items():
            self._saw(list(self._journal.read(stream, told, applied)))

    def _saw(self, records: Sequence[Record]) -> None:
        self._untold.saw(records, time.monotonic())

    def _is_due(self, study: StudyRow, now_ms: int) -> bool:
        settle_ms = self._settings.settle_ms(modalities_of(study))
        return study.last_change_ms + settle_ms < now_ms

    def _recomputed(self, study: StudyRow) -> StudyRow | None:
        """The row with all that is pending in it."""
        uid = study.study_instance_uid
        issuer = self._settings.default_issuer
        return recompute(self._follower, [uid], self._clock, issuer).get(uid)

    def _complete(self, studies: Sequence[StudyRow], through_version: int) -> int:
        decided: list[tuple[StudyRow, Decision]] = []
        batch = IndexBatch()
        for study in studies:
            manifest = manifest_of(self._index.states(study.study_instance_uid))
            previous = previous_manifest(self._journal, study.completed_at)
            if study.revision and manifest == previous:  # changed, and changed back
                row = completed(study, study.revision, study.completed_at, self._clock.version())
                batch.studies.append(row)
            else:
                decided.append((study, completion(study, manifest, previous, through_version)))
        with self._resuming():
            if decided:
                self._index.check_writer()
                written = self._scribe.write([decision for _, decision in decided])
                for (study, _), record in zip(decided, written, strict=True):
                    revision = study.revision + 1
                    row = completed(study, revision, record.position, record.entry.version)
                    batch.studies.append(row)
            if batch.studies:
                self._follower.write(batch)
                self._follower.shown = self._scribe.written
        return len(batch.studies)

    @contextmanager
    def _resuming(self) -> Iterator[None]:
        """What fails between the journal and the rows is taken up as after a crash: by opening anew."""
        try:
            yield
        except BaseException:
            self._is_open = False
            raise

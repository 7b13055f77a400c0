"""Entries of other services that no event named: the sweep says them for a writer that could not any more.

A writer says its commits in order, one event per partition; so an entry is told when an event of its lane (fact and
partition) named its commit or a later one. How far a stream was told is kept in the index beside how far it was
applied, so that a crash of the indexer forgets nothing either.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from isocenter.events import catalog
from isocenter.events.catalog import Fact
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.ports.journal import Record, Stream
from isocenter.runtime.log import logger

TOLD = "told:"  # before the node's name: no node has a colon
PATIENCE_S = 2.0
MAX_WAITING = 200_000

FACTS: Mapping[EntryKind, Fact] = {
    EntryKind.RECEIPT: catalog.INSTANCE_STORED,
    EntryKind.QUARANTINE: catalog.INSTANCE_QUARANTINED,
    EntryKind.QUARANTINE_HANDLED: catalog.INSTANCE_QUARANTINED,
    EntryKind.DELETION: catalog.INSTANCE_DELETED,
    EntryKind.UNDELETION: catalog.INSTANCE_DELETED,
    EntryKind.PURGE: catalog.INSTANCE_DELETED,
    EntryKind.CORRECTION: catalog.STUDY_EDITED,
}
Place = tuple[int, int]  # sequence, version

log = logger(__name__)


class Lane(NamedTuple):
    """What one event speaks of at most."""

    fact: str
    partition: int


@dataclass(slots=True)
class _Told:
    """One stream: per lane, how far it was told, and what was read beyond that."""

    named: dict[Lane, Place] = field(default_factory=dict)
    waiting: dict[Lane, deque[Place]] = field(default_factory=dict)
    since_s: float = 0.0  # of the last event, or of the first entry that waits
    applied: int = 0
    kept: int = 0  # position in the index, 0 when there is none


class Untold:
    """Compares what was read with what was said."""

    def __init__(self) -> None:
        self._streams: dict[Stream, _Told] = {}
        self._count = 0

    def restore(self, positions: Mapping[Stream, int]) -> dict[Stream, tuple[int, int]]:
        """Take over what the index says; returns (told, applied) of streams whose entries between are to be `saw`."""
        behind: dict[Stream, tuple[int, int]] = {}
        for stream, told in positions.items():
            if not stream.node.startswith(TOLD):
                continue
            plain = Stream(stream.node.removeprefix(TOLD), stream.epoch)
            self._of(plain).kept = told
            if told < positions.get(plain, 0):
                behind[plain] = (told, positions[plain])
        return behind

    def named(self, events: Iterable[Event], now_s: float) -> None:
        """These were said."""
        for event in events:
            message: Any = event.message
            place = message.range
            stream = self._of(Stream(place.node, place.epoch))
            last = getattr(message, "last_version", 0) or getattr(message, "version", 0)
            lane = Lane(event.fact.name, event.partition)
            stream.named[lane] = max(stream.named.get(lane, (0, 0)), (place.last_sequence, last))
            stream.since_s = now_s
            waiting = stream.waiting.get(lane)
            while waiting and waiting[0] <= stream.named[lane]:
                waiting.popleft()
                self._count -= 1
            if waiting is not None and not waiting:
                del stream.waiting[lane]

    def saw(self, records: Sequence[Record], now_s: float) -> None:
        """These were read: all of some commits."""
        seen = {stream: told.applied for stream, told in self._streams.items()}
        for record in sorted(records, key=lambda one: one.position):
            at = record.position
            if at.sequence <= seen.get(Stream(at.node, at.epoch), 0):
                continue  # read before, when the write failed
            fact = FACTS.get(record.entry.kind)
            stream = self._of(Stream(at.node, at.epoch))
            stream.applied = max(stream.applied, at.sequence)
            if fact is None:
                continue
            lane = Lane(fact.name, record.entry.partition)
            place = (at.sequence, record.entry.version)
            if place > stream.named.get(lane, (0, 0)):
                self._wait(stream, lane, place, now_s)

    def positions(self) -> dict[Stream, int]:
        """How far each stream was told, where that is not how far it was applied, or was not before."""
        made: dict[Stream, int] = {}
        for stream, told in self._streams.items():
            first = min((waiting[0][0] for waiting in told.waiting.values()), default=0)
            position = first - 1 if first else told.applied
            if first or (told.kept and told.kept != position):
                told.kept = position
                made[Stream(TOLD + stream.node, stream.epoch)] = position
        return made

    def overdue(self, now_s: float) -> dict[Stream, dict[Lane, tuple[Place, Place]]]:
        """First and last place per lane, of streams from which nothing was heard for the time of patience."""
        return {
            stream: {lane: (waiting[0], waiting[-1]) for lane, waiting in told.waiting.items()}
            for stream, told in self._streams.items()
            if told.waiting and now_s - told.since_s > PATIENCE_S
        }

    def _wait(self, stream: _Told, lane: Lane, place: Place, now_s: float) -> None:
        if self._count >= MAX_WAITING:
            log.warning("untold_entries_not_followed", limit=MAX_WAITING)
            return
        if not stream.waiting:
            stream.since_s = max(stream.since_s, now_s)
        stream.waiting.setdefault(lane, deque()).append(place)
        self._count += 1

    def _of(self, stream: Stream) -> _Told:
        return self._streams.setdefault(stream, _Told())

"""What the indexer's decisions are as events: read from its own stream, said in order, said again after a doubt.

The position kept for an own stream is how far it was said, so nothing decided is left unsaid by a crash; saying it
again has the same id.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events import catalog
from isocenter.events.announcements import key_of, range_of
from isocenter.events.catalog import Fact
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.events.versions import version_ms
from isocenter.indexer.decided import decode
from isocenter.ports.journal import Journal, Position, Record, Stream


@dataclass(frozen=True, slots=True)
class Saying:
    """The events of one commit of an own stream; none for entries that concern nobody else."""

    stream: Stream
    sequence: int
    events: tuple[Event, ...]


def sayings(
    journal: Journal, stream: Stream, after: int, through: int, site: str
) -> Iterator[Saying]:
    """What was decided after a place, commit by commit."""
    said: list[Event] = []
    sequence = after
    for record in journal.read(stream, after, through):
        if record.position.sequence != sequence:
            if sequence > after:
                yield Saying(stream, sequence, tuple(said))
            said, sequence = [], record.position.sequence
        event = event_of(record, site)
        if event is not None:
            said.append(event)
    if through > after:
        yield Saying(stream, through, tuple(said))


def event_of(record: Record, site: str) -> Event | None:
    """The event of a decision; what makes it this fact is the place of its entry."""
    say = _SAY.get(record.entry.kind)
    if say is None:
        return None
    fact, message = say(decode(record), record.position)
    return Event(
        fact,
        site,
        record.entry.partition,
        key_of(record.position),
        message,
        version_ms(record.entry.version),
    )


def _held(hold: entries.Hold, at: Position) -> tuple[Fact, Message]:
    del at
    return catalog.INSTANCE_HELD, events.InstanceHeld(
        hold_id=hold.hold_id,
        study_instance_uid=hold.study_instance_uid,
        series_instance_uid=hold.series_instance_uid,
        sop_instance_uid=hold.sop_instance_uid,
        digest=hold.digest,
        reason=hold.reason,
        receipt_version=hold.receipt_version,
    )


def _conflicted(chosen: entries.CurrentChosen, at: Position) -> tuple[Fact, Message]:
    del at
    return catalog.INSTANCE_CONFLICTED, events.InstanceConflicted(
        study_instance_uid=chosen.study_instance_uid,
        series_instance_uid=chosen.series_instance_uid,
        sop_instance_uid=chosen.sop_instance_uid,
        current_digest=chosen.current_digest,
        other_digest=chosen.other_digest,
        reason=chosen.reason,
        receipt_version=chosen.receipt_version,
    )


def _completed(completion: entries.Completion, at: Position) -> tuple[Fact, Message]:
    place = range_of(at, at)
    instances = len(completion.manifest)
    if completion.revision == 1:
        return catalog.STUDY_COMPLETED, events.StudyCompleted(
            study_instance_uid=completion.study_instance_uid,
            revision=1,
            instances=instances,
            range=place,
        )
    return catalog.STUDY_REVISED, events.StudyRevised(
        study_instance_uid=completion.study_instance_uid,
        revision=completion.revision,
        instances=instances,
        added_sop_instance_uids=completion.added_sop_instance_uids[:MAX_UIDS],
        removed_sop_instance_uids=completion.removed_sop_instance_uids[:MAX_UIDS],
        range=place,
    )


def _arrived(arrival: entries.Arrival, at: Position) -> tuple[Fact, Message]:
    del at
    return catalog.STUDY_ARRIVED, events.StudyArrived(
        study_instance_uid=arrival.study_instance_uid, version=arrival.receipt_version
    )


def _departed(departure: entries.Departure, at: Position) -> tuple[Fact, Message]:
    del at
    return catalog.STUDY_DELETED, events.StudyDeleted(
        study_instance_uid=departure.study_instance_uid, version=departure.deletion_version
    )


MAX_UIDS = (
    5_000  # of each kind in one event, far below what the bus carries; the entry has them all
)
_SAY: dict[EntryKind, Callable[[Any, Position], tuple[Fact, Message]]] = {
    EntryKind.HOLD: _held,
    EntryKind.CURRENT_CHOSEN: _conflicted,
    EntryKind.COMPLETION: _completed,
    EntryKind.ARRIVAL: _arrived,
    EntryKind.DEPARTURE: _departed,
}

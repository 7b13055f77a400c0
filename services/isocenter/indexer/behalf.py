"""Events for entries that their writer did not get to say: the same messages, made from the journal."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Corrupted
from isocenter.events import catalog
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.indexer.decided import decode
from isocenter.indexer.untold import FACTS, Lane, Place
from isocenter.ports.clock import version_ms
from isocenter.ports.journal import Journal, Position, Record, Stream

MAX_INSTANCES = 200  # in one event
MAX_EVENTS = 200  # at a time; the rest follows with the next sweep


def events_on_behalf(
    journal: Journal, stream: Stream, lanes: Mapping[Lane, tuple[Place, Place]], site: str
) -> list[Event]:
    """What is to be said of a stream, in its order, at most `MAX_EVENTS`."""
    first = min(start[0] for start, _ in lanes.values())
    last = max(end[0] for _, end in lanes.values())
    made: list[Event] = []
    open_lanes: dict[int, list[Record]] = {}
    for record in _wanted(journal.read(stream, first - 1, last), lanes):
        if record.entry.kind != EntryKind.RECEIPT:
            made.append(_single(record, site))
        else:
            group = open_lanes.setdefault(record.entry.partition, [])
            group.append(record)
            if len(group) == MAX_INSTANCES:
                made.append(_stored(open_lanes.pop(record.entry.partition), site))
        if len(made) >= MAX_EVENTS:
            return made
    return made + [_stored(group, site) for group in open_lanes.values()]


def _wanted(
    records: Iterator[Record], lanes: Mapping[Lane, tuple[Place, Place]]
) -> Iterator[Record]:
    for record in records:
        fact = FACTS.get(record.entry.kind)
        if fact is None:
            continue
        bounds = lanes.get(Lane(fact.name, record.entry.partition))
        place = (record.position.sequence, record.entry.version)
        if bounds is not None and bounds[0] <= place <= bounds[1]:
            yield record


def _stored(group: list[Record], site: str) -> Event:
    positions = [record.position for record in group]
    versions = [record.entry.version for record in group]
    first, last = min(positions), max(positions)
    message = events.InstanceStored(
        range=_range(first, last),
        studies=[
            events.StudyCount(study_instance_uid=study, instances=count)
            for study, count in sorted(_studies(group).items())
        ],
        first_version=min(versions),
        last_version=max(versions),
    )
    partition = group[0].entry.partition
    places = f"{first.sequence}.{first.entry_index}-{last.sequence}.{last.entry_index}"
    key = f"{first.node}/{first.epoch}/{places}/{partition:02d}"
    time_ms = version_ms(max(versions))
    return Event(catalog.INSTANCE_STORED, site, partition, key, message, time_ms)


def _studies(group: list[Record]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for record in group:
        try:
            receipt = cast(entries.Receipt, decode(record))
        except Corrupted:
            continue
        if receipt.study_instance_uid:  # else it was purged and emptied meanwhile
            counts[receipt.study_instance_uid] += 1
    return counts


def _single(record: Record, site: str) -> Event:
    kind = record.entry.kind
    fact = FACTS[kind]
    message: Any = decode(record)
    place = _range(record.position, record.position)
    made: events.InstanceQuarantined | events.InstanceDeleted
    if fact is catalog.INSTANCE_QUARANTINED:
        reason = message.reason if kind == EntryKind.QUARANTINE else message.action
        made = events.InstanceQuarantined(range=place, digest=message.digest, reason=reason)
    else:
        made = events.InstanceDeleted(
            range=place,
            deletion_id=message.deletion_id,
            study_instance_uid=message.study_instance_uid,
            action=_ACTIONS[kind],
        )
        if kind == EntryKind.DELETION:
            made.series_instance_uid = message.series_instance_uid
            made.sop_instance_uid = message.sop_instance_uid
    made.version = record.entry.version
    at = record.position
    key = f"{at.node}/{at.epoch}/{at.sequence}.{at.entry_index}"
    time_ms = version_ms(record.entry.version)
    return Event(fact, site, record.entry.partition, key, made, time_ms)


def _range(first: Position, last: Position) -> events.JournalRange:
    return events.JournalRange(
        node=first.node,
        epoch=first.epoch,
        first_sequence=first.sequence,
        last_sequence=last.sequence,
    )


_ACTIONS: Mapping[EntryKind, str] = {
    EntryKind.DELETION: "deleted",
    EntryKind.UNDELETION: "undeleted",
    EntryKind.PURGE: "purged",
}

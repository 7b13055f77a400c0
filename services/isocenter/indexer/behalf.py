"""Events for entries that their writer did not get to say: the same messages, made from the journal."""

from collections.abc import Iterator, Mapping
from typing import cast

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Corrupted
from isocenter.events.announcements import (
    Announced,
    Announcement,
    Stored,
    announcement,
    single,
    stored_event,
)
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.indexer.decided import decode
from isocenter.indexer.untold import FACTS, Lane, Place
from isocenter.ports.journal import Journal, Record, Stream

MAX_INSTANCES = 200  # in one event
MAX_EVENTS = 200  # at a time; the rest follows with the next sweep


def events_on_behalf(
    journal: Journal, stream: Stream, lanes: Mapping[Lane, tuple[Place, Place]], site: str
) -> list[Event]:
    """What is to be said of a stream, in its order, at most `MAX_EVENTS`."""
    first = min(start[0] for start, _ in lanes.values())
    last = max(end[0] for _, end in lanes.values())
    made: list[Event] = []
    open_lanes: dict[int, list[Stored]] = {}
    for record in _wanted(journal.read(stream, first - 1, last), lanes):
        item = _announced(record)
        if isinstance(item, Stored):
            group = open_lanes.setdefault(item.partition, [])
            group.append(item)
            if len(group) == MAX_INSTANCES:
                made.append(stored_event(open_lanes.pop(item.partition), site))
        else:
            made.append(single(item, site))
        if len(made) >= MAX_EVENTS:
            return made
    return made + [stored_event(group, site) for group in open_lanes.values()]


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


def _announced(record: Record) -> Announcement:
    entry = record.entry
    try:
        message = cast(Announced, decode(record))
    except Corrupted:
        if entry.kind != EntryKind.RECEIPT:
            raise
        message = entries.Receipt()  # its commit is said all the same
    return announcement(record.position, entry.version, entry.partition, message)

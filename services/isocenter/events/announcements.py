"""What is said of ingest's journal entries, and under which ids.

Ingest says it as it writes; the indexer says it for a writer that could not any more. Said by either, it is the same.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events import catalog
from isocenter.events.event import Event
from isocenter.events.versions import version_ms

Announced = (
    entries.Receipt
    | entries.Quarantine
    | entries.QuarantineHandled
    | entries.Deletion
    | entries.Undeletion
    | entries.Purge
    | entries.Correction
)


class Place(Protocol):
    """Where an entry is: a `ports.journal.Position`, which this room does not know."""

    @property
    def node(self) -> str:
        """The writing process."""
        ...

    @property
    def epoch(self) -> str:
        """Its start."""
        ...

    @property
    def sequence(self) -> int:
        """The commit."""
        ...

    @property
    def entry_index(self) -> int:
        """The place in the commit."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A receipt, without its header; no study where the entry was purged and emptied."""

    place: Place
    version: int
    partition: int
    study_instance_uid: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An entry that gets an event of its own."""

    place: Place
    version: int
    partition: int
    fact: catalog.Fact
    message: events.InstanceQuarantined | events.InstanceDeleted | events.StudyEdited
    traceparent: str = ""


Announcement = Stored | Said


def announcement(place: Place, version: int, partition: int, message: Announced) -> Announcement:
    """Keep of an entry what its event needs; receipts hold whole headers, which must not wait in memory."""
    if isinstance(message, entries.Receipt):
        return Stored(place, version, partition, message.study_instance_uid)
    if isinstance(message, entries.Quarantine | entries.QuarantineHandled):
        quarantined = events.InstanceQuarantined(
            range=range_of(place, place),
            digest=message.digest,
            reason=message.reason if isinstance(message, entries.Quarantine) else message.action,
            version=version,
        )
        return Said(place, version, partition, catalog.INSTANCE_QUARANTINED, quarantined)
    if isinstance(message, entries.Correction):
        edited = events.StudyEdited(
            range=range_of(place, place),
            correction_id=message.correction_id,
            study_instance_uid=message.study_instance_uid,
            series_instance_uid=message.series_instance_uid,
            action=message.action,
            version=version,
        )
        return Said(place, version, partition, catalog.STUDY_EDITED, edited)
    deleted = events.InstanceDeleted(
        range=range_of(place, place),
        deletion_id=message.deletion_id,
        study_instance_uid=message.study_instance_uid,
        action=_ACTIONS[type(message)],
        version=version,
    )
    if isinstance(message, entries.Deletion):
        deleted.series_instance_uid = message.series_instance_uid
        deleted.sop_instance_uid = message.sop_instance_uid
    return Said(place, version, partition, catalog.INSTANCE_DELETED, deleted)


def events_of(batch: Iterable[Announcement], site: str) -> list[Event]:
    """One event per writer and partition for receipts, one per entry for what is said singly.

    A range may hold other entries too. All of it is durable: a writer's commits become so in their order.
    """
    stored: defaultdict[tuple[str, str, int], list[Stored]] = defaultdict(list)
    made: list[Event] = []
    for item in batch:
        if isinstance(item, Stored):
            stored[item.place.node, item.place.epoch, item.partition].append(item)
        else:
            made.append(single(item, site))
    return [*(stored_event(group, site) for group in stored.values()), *made]


def stored_event(group: list[Stored], site: str) -> Event:
    """One `instance.stored` of receipts of one writer and partition."""
    places = sorted((item.place for item in group), key=_order)
    versions = [item.version for item in group]
    first, last = places[0], places[-1]
    counts = Counter(item.study_instance_uid for item in group if item.study_instance_uid)
    message = events.InstanceStored(
        range=range_of(first, last),
        studies=[
            events.StudyCount(study_instance_uid=study, instances=count)
            for study, count in sorted(counts.items())
        ],
        first_version=min(versions),
        last_version=max(versions),
    )
    # entry indexes too: two events may speak of one commit, and the second is not the first said again
    span = f"{first.sequence}.{first.entry_index}-{last.sequence}.{last.entry_index}"
    key = f"{first.node}/{first.epoch}/{span}/{group[0].partition:02d}"
    return Event(
        catalog.INSTANCE_STORED,
        site,
        group[0].partition,
        key,
        message,
        version_ms(max(versions)),
        traceparent=next((item.traceparent for item in group if item.traceparent), ""),
    )


def single(item: Said, site: str) -> Event:
    """The event of one entry."""
    key = key_of(item.place)
    return Event(
        item.fact,
        site,
        item.partition,
        key,
        item.message,
        version_ms(item.version),
        traceparent=item.traceparent,
    )


def key_of(place: Place) -> str:
    """What makes an event the fact of one entry and no other."""
    return f"{place.node}/{place.epoch}/{place.sequence}.{place.entry_index}"


def _order(place: Place) -> tuple[int, int]:
    return place.sequence, place.entry_index


def range_of(first: Place, last: Place) -> events.JournalRange:
    """The commits of one writer from one entry to another."""
    return events.JournalRange(
        node=first.node,
        epoch=first.epoch,
        first_sequence=first.sequence,
        last_sequence=last.sequence,
    )


_ACTIONS: dict[type[Announced], str] = {
    entries.Deletion: "deleted",
    entries.Undeletion: "undeleted",
    entries.Purge: "purged",
}

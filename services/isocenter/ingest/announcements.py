"""What to say of new journal entries: the events for a batch of them. Pure; `announce.py` collects and publishes."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events import catalog
from isocenter.events.event import Event
from isocenter.ports.clock import version_ms
from isocenter.ports.journal import Position

Announced = (
    entries.Receipt
    | entries.Quarantine
    | entries.QuarantineHandled
    | entries.Deletion
    | entries.Undeletion
    | entries.Purge
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A receipt, without its header."""

    position: Position
    version: int
    partition: int
    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class Said:
    """An entry that gets an event of its own."""

    position: Position
    version: int
    partition: int
    fact: catalog.Fact
    message: events.InstanceQuarantined | events.InstanceDeleted


Announcement = Stored | Said


def announcement(
    position: Position, version: int, partition: int, message: Announced
) -> Announcement:
    """Keep of an entry what its event needs; receipts hold whole headers, which must not wait in memory."""
    if isinstance(message, entries.Receipt):
        return Stored(position, version, partition, message.study_instance_uid)
    if isinstance(message, entries.Quarantine | entries.QuarantineHandled):
        quarantined = events.InstanceQuarantined(
            range=_range(position, position),
            digest=message.digest,
            reason=message.reason if isinstance(message, entries.Quarantine) else message.action,
            version=version,
        )
        return Said(position, version, partition, catalog.INSTANCE_QUARANTINED, quarantined)
    deleted = events.InstanceDeleted(
        range=_range(position, position),
        deletion_id=message.deletion_id,
        study_instance_uid=message.study_instance_uid,
        action=_ACTIONS[type(message)],
        version=version,
    )
    if isinstance(message, entries.Deletion):
        deleted.series_instance_uid = message.series_instance_uid
        deleted.sop_instance_uid = message.sop_instance_uid
    return Said(position, version, partition, catalog.INSTANCE_DELETED, deleted)


def events_of(batch: Iterable[Announcement], site: str) -> list[Event]:
    """One event per writer and partition for receipts, one per entry for what is said singly.

    A range may hold other entries too. All of it is durable: a writer's commits become so in their order.
    """
    stored: defaultdict[tuple[str, str, int], list[Stored]] = defaultdict(list)
    made: list[Event] = []
    for item in batch:
        if isinstance(item, Stored):
            stored[item.position.node, item.position.epoch, item.partition].append(item)
        else:
            made.append(_single(item, site))
    return [*(_of_receipts(group, site) for group in stored.values()), *made]


def _of_receipts(group: list[Stored], site: str) -> Event:
    positions = [item.position for item in group]
    versions = [item.version for item in group]
    first, last = min(positions), max(positions)
    counts = Counter(item.study_instance_uid for item in group)
    message = events.InstanceStored(
        range=_range(first, last),
        studies=[
            events.StudyCount(study_instance_uid=study, instances=count)
            for study, count in sorted(counts.items())
        ],
        first_version=min(versions),
        last_version=max(versions),
    )
    # entry indexes too: two events may speak of one commit, and the second is not the first said again
    places = f"{first.sequence}.{first.entry_index}-{last.sequence}.{last.entry_index}"
    key = f"{first.node}/{first.epoch}/{places}/{group[0].partition:02d}"
    return Event(
        catalog.INSTANCE_STORED,
        site,
        group[0].partition,
        key,
        message,
        version_ms(max(versions)),
    )


def _single(item: Said, site: str) -> Event:
    at = item.position
    key = f"{at.node}/{at.epoch}/{at.sequence}.{at.entry_index}"
    return Event(item.fact, site, item.partition, key, item.message, version_ms(item.version))


def _range(first: Position, last: Position) -> events.JournalRange:
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

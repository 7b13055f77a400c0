"""Announcing: few events for many receipts, from any thread, and never in the way of an answer."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from tests.support.buses import RecordingBus
from tests.support.wait import until

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.uids import partition_of
from isocenter.events.announcements import announcement, events_of
from isocenter.events.entries import EntryKind
from isocenter.ingest import announce
from isocenter.ingest.announce import Announcer
from isocenter.ports.journal import Entry, Position

NODE, EPOCH = "listener", "00000000000000ab"
DEADLINE_S = 10


@asynccontextmanager
async def running(announcer: Announcer) -> AsyncIterator[None]:
    task = asyncio.ensure_future(announcer.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def receipt(announcer: Announcer, sequence: int, study: str = "1.2.3", index: int = 0) -> None:
    entry = Entry(1000 + sequence, EntryKind.RECEIPT, partition_of(study), b"")
    message = entries.Receipt(study_instance_uid=study)
    announcer.announce(Position(NODE, EPOCH, sequence, index), entry, message)


def receipts(announcer: Announcer, first: int) -> None:
    for sequence in range(first, first + 100):
        receipt(announcer, sequence)


def stored(bus: RecordingBus) -> list[events.InstanceStored]:
    return [
        event.message for event in bus.events if isinstance(event.message, events.InstanceStored)
    ]


def instances(bus: RecordingBus) -> int:
    return sum(study.instances for message in stored(bus) for study in message.studies)


async def test_receipts_from_many_threads_become_few_events() -> None:
    bus = RecordingBus()
    announcer = Announcer(bus, "here")
    async with running(announcer):
        threads = [
            threading.Thread(target=receipts, args=(announcer, start))
            for start in range(0, 800, 100)
        ]
        for thread in threads:
            thread.start()
        await until(lambda: instances(bus) == 800)
    assert len(bus.events) < 80
    assert all(message.studies[0].instances <= announce.MAX_BATCH for message in stored(bus))


async def test_every_study_partition_has_its_own_event_of_the_range() -> None:
    bus = RecordingBus()
    announcer = Announcer(bus, "here")
    for sequence in range(1, 21):
        receipt(announcer, sequence, study=f"1.2.{sequence % 4}")
    async with running(announcer):
        await until(lambda: instances(bus) == 20)
    assert {event.partition for event in bus.events} == {partition_of(f"1.2.{n}") for n in range(4)}
    for event in bus.events:
        assert isinstance(event.message, events.InstanceStored)
        assert event.message.first_version == 1000 + event.message.range.first_sequence
        assert event.message.last_version == 1000 + event.message.range.last_sequence
        assert event.message.range.node == NODE


async def test_a_bus_that_comes_back_hears_everything() -> None:
    bus = RecordingBus()
    bus.is_down = True
    announcer = Announcer(bus, "here")
    async with running(announcer):
        receipt(announcer, 1)
        await until(lambda: bus.attempts >= 2)
        receipt(announcer, 2)
        bus.is_down = False
        await until(lambda: instances(bus) == 2)


def test_announcing_while_the_bus_is_down_is_bounded_and_does_not_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(announce, "MAX_WAITING", 10)
    announcer = Announcer(RecordingBus(), "here")
    for sequence in range(1, 100):
        receipt(announcer, sequence)
    assert len(announcer._waiting) == 10


async def test_draining_waits_until_all_is_said() -> None:
    bus = RecordingBus()
    announcer = Announcer(bus, "here")
    async with running(announcer):
        for sequence in range(1, 501):
            receipt(announcer, sequence)
        await asyncio.to_thread(announcer.drain, float(DEADLINE_S))
        assert instances(bus) == 500


async def test_no_more_than_64_events_are_under_way() -> None:
    bus = RecordingBus()
    announcer = Announcer(bus, "here")
    for sequence in range(1, 151):
        entry = Entry(sequence, EntryKind.QUARANTINE, 0, b"")
        message = entries.Quarantine(digest=f"{sequence:064x}", reason="no_uid")
        announcer.announce(Position(NODE, EPOCH, sequence, 0), entry, message)
    async with running(announcer):
        await until(lambda: len(bus.events) == 150)
    assert bus.most_in_flight == announce.MAX_IN_FLIGHT


def test_saying_the_same_range_again_has_the_same_id_and_another_has_not() -> None:
    def said(sequence: int, index: int) -> str:
        message = entries.Receipt(study_instance_uid="1.2.3")
        at = Position(NODE, EPOCH, sequence, index)
        return events_of([announcement(at, 7, 5, message)], "here")[0].id

    assert said(4, 0) == said(4, 0)
    assert len({said(4, 0), said(4, 1), said(5, 0)}) == 3


@pytest.mark.parametrize(
    ("message", "action"),
    [
        (entries.Deletion(deletion_id="d", study_instance_uid="1.2"), "deleted"),
        (entries.Undeletion(deletion_id="d", study_instance_uid="1.2"), "undeleted"),
        (entries.Purge(deletion_id="d", study_instance_uid="1.2"), "purged"),
    ],
)
def test_a_deletion_says_what_was_done(
    message: entries.Deletion | entries.Undeletion | entries.Purge, action: str
) -> None:
    event = events_of([announcement(Position(NODE, EPOCH, 9, 0), 77, 3, message)], "here")[0]
    assert isinstance(event.message, events.InstanceDeleted)
    assert (event.message.action, event.message.version) == (action, 77)
    assert event.subject.startswith("isocenter.v1.here.instance.deleted.03")

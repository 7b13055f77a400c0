"""Instances on their way to another system: side by side where its entry says so, never more than it wants."""

import threading
from pathlib import Path

import pytest
from tests.support.poll import poll
from tests.support.receiving import MemoryIncoming, MemoryReceiver, dicom_address

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2
from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.errors import OutOfSpace
from isocenter.ingest.asking_streaming import StreamingClient
from isocenter.ingest.destination import Destination
from isocenter.ingest.destination import Receiver as Takes
from isocenter.ingest.destinations import ToDestination
from isocenter.ingest.lane import PAUSE_S
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.suboperations import Sending

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
COUNT = 24  # instances that are sent
LANES = 3


class Meeting(MemoryReceiver):
    """Lets nobody go on before as many instances as there are lanes are being received at once."""

    def begin(self, *names: object) -> "MeetingIncoming":
        super().begin(*names)  # type: ignore[arg-type]
        return MeetingIncoming(self, threading.current_thread())


class MeetingIncoming(MemoryIncoming):
    barrier = threading.Barrier(LANES, timeout=20)

    def __init__(self, receiver: MemoryReceiver, thread: threading.Thread) -> None:
        del thread
        self._receiver = receiver

    def write(self, data: memoryview) -> None:
        """Nothing is kept."""

    def finish(self) -> Outcome:
        self.barrier.wait()
        self._receiver.count += 1
        return Outcome("stored", CT, "1.2", "1.2", "1.2.3", "0" * 64)


class NoRoomAtFirst(MemoryReceiver):
    """Has no room for the first of all."""

    def begin(
        self, sender: entries_pb2.Sender, transfer_syntax: str, sop_class: str, sop: str
    ) -> MemoryIncoming:
        self.finish_error = None if self.begun else OutOfSpace()
        return super().begin(sender, transfer_syntax, sop_class, sop)


def planned(objects: FilesystemObjects, number: int) -> pb.PlannedInstance:
    sop, content = f"1.2.{number}", b"h" * 8 + b"%04d" % number
    objects.put(f"instances/1/2/{number}.dcm", content)
    return pb.PlannedInstance(
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid=sop,
        sop_class_uid=CT,
        transfer_syntax_uid=EXPLICIT,
        object_key=f"instances/1/2/{number}.dcm",
        dataset_offset=8,
        size_bytes=len(content),
    )


def carried(folder: Path, port: int, *, associations: int, count: int = COUNT) -> list[int | None]:
    """What came of each instance."""
    objects = FilesystemObjects(folder)
    to = Destination("WS1", "127.0.0.1", port, receiver=Takes(associations=associations))
    way = ToDestination(Sending(objects, StreamingClient([])), to, "ISOCENTER", ("ASKS", 1))
    instances = [planned(objects, number) for number in range(count)]
    try:
        steps = list(way.carry(iter(instances)))
    finally:
        way.close()
    told = {step[0].sop_instance_uid: step[1] for step in steps if isinstance(step, tuple)}
    assert len(told) == len(steps) == count
    return [told[instance.sop_instance_uid] for instance in instances]


@pytest.mark.parametrize("associations", [1, LANES])
def test_each_instance_arrives_once(tmp_path: Path, associations: int) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        assert carried(tmp_path, running.port, associations=associations) == [0] * COUNT
    arrived = {one.sop_instance_uid: one.data_set for one in receiver.stored}
    assert arrived == {f"1.2.{number}": b"%04d" % number for number in range(COUNT)}
    assert receiver.count == COUNT


def test_they_go_side_by_side(tmp_path: Path) -> None:
    receiver = Meeting()
    with dicom_address(
        receiver
    ) as running:  # a barrier that is not reached in time breaks, and they fail
        assert carried(tmp_path, running.port, associations=LANES) == [0] * COUNT
    assert receiver.count == COUNT


def test_destination_that_wants_one_association_gets_all_on_it(tmp_path: Path) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver, max_associations=1) as running:
        assert carried(tmp_path, running.port, associations=LANES) == [0] * COUNT
    assert receiver.count == COUNT


def test_instance_there_is_no_room_for_is_offered_again(tmp_path: Path) -> None:
    receiver = NoRoomAtFirst()
    with dicom_address(receiver) as running:
        assert carried(tmp_path, running.port, associations=1, count=2) == [0, 0]
    assert (receiver.begun, receiver.count) == (3, 2)
    assert PAUSE_S <= 1.0


def test_destination_that_has_no_room_is_told_as_it_says(tmp_path: Path) -> None:
    with dicom_address(MemoryReceiver(finish_error=OutOfSpace())) as running:
        assert carried(tmp_path, running.port, associations=1, count=1) == [0xA700]


def test_cancelling_waits_for_what_is_being_sent_and_leaves_nothing_open(tmp_path: Path) -> None:
    receiver = MemoryReceiver()
    objects = FilesystemObjects(tmp_path)
    with dicom_address(receiver) as running:
        to = Destination("WS1", "127.0.0.1", running.port, receiver=Takes(associations=LANES))
        way = ToDestination(Sending(objects, StreamingClient([])), to, "ISOCENTER", ("ASKS", 1))
        steps = way.carry(planned(objects, number) for number in range(COUNT))
        next(iter(steps))
        way.close()
        assert receiver.count == receiver.begun < COUNT + 1
        poll(lambda: running.address.places.taken == 0)

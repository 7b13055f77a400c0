"""The acknowledgement path on a disk that forgets: acknowledged is always among what is recovered."""

import contextlib
from pathlib import Path
from random import Random

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.support.fates import Chance, EverythingSurvives, NamesSurvive, NothingSurvives
from tests.support.part10 import SECONDARY_CAPTURE, digest_of
from tests.support.promises import check_promise
from tests.support.simulated_disk import PowerCut, SimulatedDisk
from tests.support.writing import write_all

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.keys import InstanceKey
from isocenter.dicom.part10 import write_file_meta
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.runtime.clock import HybridClock

ROOT = Path("/data")
MAX_STEPS = 60  # more than storing the first instance takes


def instance_of(number: int) -> tuple[bytes, pb.Receipt]:
    """One of a few instances in a few series and studies, as spooled, with the receipt to be."""
    data_set = b"data set %d " % number * (7000 if number % 4 == 3 else 1 + number * 3)
    digest = digest_of(data_set)
    key = InstanceKey(f"1.{number % 2}", f"1.2.{number % 3}", f"1.2.3.{number}", digest)
    meta = write_file_meta(SECONDARY_CAPTURE, key.sop_instance_uid, EXPLICIT_VR_LITTLE_ENDIAN)
    receipt = pb.Receipt(
        study_instance_uid=key.study_instance_uid,
        series_instance_uid=key.series_instance_uid,
        sop_instance_uid=key.sop_instance_uid,
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        digest=digest,
        object_key=key.object_key,
        size_bytes=len(meta) + len(data_set),
        dataset_offset=len(meta),
    )
    return meta + data_set, receipt


class AcknowledgementMachine(RuleBasedStateMachine):
    """One process at a time on one disk; it is killed, and the power goes, at any step of anything."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_800_000_000_000
        self.clock = HybridClock(lambda: self.now_ms)
        self.disk = SimulatedDisk(lambda: self.now_ms)
        self.disk.make_folder(str(ROOT))
        self.disk.sync_folder("/")
        self.acknowledged: set[str] = set()
        self.start()

    def start(self) -> None:
        self.objects = FilesystemObjects(ROOT, self.disk)
        self.journal = FileJournal(ROOT, self.clock, self.disk)
        self.writer = self.journal.writer("ingest-1")
        self.path = Acknowledger(self.objects, self.writer, self.clock, lambda *_: None)

    def store(self, number: int) -> None:
        content, receipt = instance_of(number)
        spool = self.objects.spool()
        write_all(spool, content)
        self.path.store(spool, receipt)
        self.acknowledged.add(receipt.digest)

    def lose_power(self, random: Random) -> None:
        self.disk = self.disk.after_power_cut(Chance(random))
        self.start()

    @rule(number=st.integers(0, 11))
    def an_instance_is_stored(self, number: int) -> None:
        self.store(number)

    @rule(number=st.integers(0, 11), step=st.integers(1, MAX_STEPS), random=st.randoms())
    def the_power_goes_while_storing(self, number: int, step: int, random: Random) -> None:
        self.disk.cut_at = self.disk.steps + step
        with contextlib.suppress(PowerCut):
            self.store(number)
        self.lose_power(random)

    @rule(number=st.integers(0, 11), step=st.integers(1, MAX_STEPS))
    def the_process_is_killed_while_storing(self, number: int, step: int) -> None:
        self.disk.cut_at = self.disk.steps + step
        with contextlib.suppress(PowerCut):
            self.store(number)
        self.disk.kill_process()
        self.start()

    @rule(step=st.integers(1, MAX_STEPS), random=st.randoms())
    def the_power_goes_while_sealing(self, step: int, random: Random) -> None:
        self.disk.kill_process()
        self.disk.cut_at = self.disk.steps + step
        with contextlib.suppress(PowerCut):
            self.journal.seal_abandoned(0)
        self.lose_power(random)

    @rule(random=st.randoms())
    def the_power_goes_at_rest(self, random: Random) -> None:
        self.lose_power(random)

    @rule()
    def the_writer_is_closed(self) -> None:
        self.writer.close()

    @rule()
    def abandoned_segments_are_sealed(self) -> None:
        self.journal.seal_abandoned(0)

    @rule(hours=st.integers(-1, 2))
    def the_wall_clock_moves(self, hours: int) -> None:
        self.now_ms += hours * 3_600_000

    @invariant()
    def what_was_acknowledged_can_be_recovered(self) -> None:
        check_promise(self.disk, ROOT, self.clock, self.acknowledged)

    @invariant()
    def it_could_after_a_power_cut_now(self) -> None:
        for fate in (NothingSurvives(), NamesSurvive(), EverythingSurvives(), Chance(Random(1))):
            check_promise(self.disk.after_power_cut(fate), ROOT, self.clock, self.acknowledged)


TestAcknowledgement = AcknowledgementMachine.TestCase
TestAcknowledgement.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True
)


def test_the_power_may_go_at_every_single_step() -> None:
    """Exhaustive where the machine is random: three instances, cut before each step there is."""
    step = 0
    is_cut = True
    while is_cut:
        step += 1
        machine = AcknowledgementMachine()
        machine.disk.cut_at = machine.disk.steps + step
        is_cut = False
        try:
            for number in (0, 1, 0):
                machine.store(number)
            machine.writer.close()
        except PowerCut:
            is_cut = True
        machine.it_could_after_a_power_cut_now()
    assert step > 50


def test_what_a_killed_writer_left_is_sealed_durably_at_every_single_step() -> None:
    step = 0
    is_cut = True
    while is_cut:
        step += 1
        machine = AcknowledgementMachine()
        machine.store(0)
        machine.disk.cut_at = machine.disk.steps + step
        is_cut = False
        try:
            machine.store(1)
        except PowerCut:
            is_cut = True
        machine.disk.kill_process()
        machine.start()
        machine.journal.seal_abandoned(0)
        machine.what_was_acknowledged_can_be_recovered()
        machine.it_could_after_a_power_cut_now()
    assert step > 10

"""While the object store is away: acknowledged from the spool, durable there, and in the store when it is back."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

import pytest
from tests.support.fates import Chance, EverythingSurvives, NamesSurvive, NothingSurvives
from tests.support.part10 import SECONDARY_CAPTURE, data_set, digest_of
from tests.support.receive_core import SENDER
from tests.support.simulated_disk import PowerCut, SimulatedDisk
from tests.support.writing import write_all
from tests.unit.ingest.test_acknowledgement_survives_power_cuts import ROOT, instance_of

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.errors import StorageFailed, Unavailable
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.acknowledged_spool import FOLDER, AcknowledgedSpool
from isocenter.ingest.catching_up import CatchingUp
from isocenter.ingest.receive import Marks, Receiver
from isocenter.ports.journal import Entry, JournalWriter, Position
from isocenter.ports.objects import ObjectInfo, Spool
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.metrics import METRICS

GAUGE: Final = "isocenter_spool_acknowledged_instances"


def nothing() -> None:
    """Let the call pass."""


class Store(FilesystemObjects):
    """A store that can be away: `objects` and `journal` raise then."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.objects: Callable[[], None] = nothing
        self.journal: Callable[[], None] = nothing
        self.puts = 0

    def put_file(self, spool: Spool, key: str, *, sha256: str) -> ObjectInfo:
        self.puts += 1
        self.objects()
        return super().put_file(spool, key, sha256=sha256)

    def stat(self, key: str) -> ObjectInfo:
        self.objects()
        return super().stat(key)


class Writer:
    """The journal that lies in the same store."""

    def __init__(self, store: Store, writer: JournalWriter) -> None:
        self.stream = writer.stream
        self._store = store
        self._writer = writer

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        self._store.journal()
        return self._writer.append(entries)

    def close(self) -> None:
        self._writer.close()


class Desk:
    """One process on its volume; `start` is a restart of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "store").mkdir()
        (folder / "volume").mkdir()
        self.store = Store(folder / "store")
        self.clock = HybridClock()
        self.journal = FileJournal(folder / "store", self.clock)
        self.start()

    def start(self) -> None:
        writer = Writer(self.store, self.journal.writer("ingest-1"))
        self.volume = FilesystemObjects(self.folder / "volume")
        self.kept = AcknowledgedSpool(self.volume, "ingest-1", self.clock)
        path = Acknowledger(self.store, writer, self.clock, lambda *_: None, self.kept)
        self.receiver = Receiver(self.store, path, self.clock, marks=Marks(0, 0))
        self.catching_up = CatchingUp(self.kept, path)

    def send(self, sop: str, pixels: bytes = b"") -> str:
        content = data_set(sop, pixels=pixels)
        incoming = self.receiver.begin(SENDER, EXPLICIT_VR_LITTLE_ENDIAN, SECONDARY_CAPTURE, sop)
        incoming.write(memoryview(content))
        outcome = incoming.finish()
        assert outcome.digest == digest_of(content)
        return outcome.digest

    def stored(self) -> list[str]:
        """Digests with a receipt in the journal, in the order of versions; each object is what its receipt says."""
        found: list[tuple[int, str]] = []
        for stream in self.journal.ends():
            for record in self.journal.read(stream):
                receipt = pb.Receipt.FromString(record.entry.payload)
                content = self.store.read(receipt.object_key)
                assert digest_of(content[receipt.dataset_offset :]) == receipt.digest
                found.append((record.entry.version, receipt.digest))
        return [digest for _, digest in sorted(found)]

    def left(self) -> list[str]:
        return [info.key for info in self.volume.list(f"{FOLDER}/")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def away() -> None:
    raise Unavailable


def doubtful() -> None:
    raise StorageFailed


@pytest.mark.parametrize("fault", [away, doubtful])
@pytest.mark.parametrize("where", ["objects", "journal"])
def test_what_is_acknowledged_while_the_store_is_away_is_there_when_it_is_back(
    desk: Desk, fault: Callable[[], None], where: str
) -> None:
    first = desk.send("1.2.1")
    setattr(desk.store, where, fault)
    others = [desk.send("1.2.2", b"\1\2" * 100_000), desk.send("1.2.3"), desk.send("1.2.3")]
    assert METRICS.value(GAUGE) == 3
    assert desk.catching_up.bring_all() == 0
    assert METRICS.value(GAUGE) == 3
    setattr(desk.store, where, nothing)
    assert desk.catching_up.bring_all() == 3
    assert desk.stored() == [first, *others]
    assert (METRICS.value(GAUGE), desk.left()) == (0, [])
    assert desk.stored()[-1] != desk.send("1.2.4")
    assert desk.left() == []


def test_a_store_that_is_known_to_be_away_is_not_waited_for_with_every_instance(desk: Desk) -> None:
    desk.store.objects = away
    desk.send("1.2.1")
    desk.store.puts = 0
    desk.send("1.2.2")
    assert desk.store.puts == 0


def test_a_restart_finds_what_waits_and_keeps_its_order_before_what_came_later(desk: Desk) -> None:
    desk.store.objects = away
    early = [desk.send("1.2.1", b"\1\0"), desk.send("1.2.2")]
    desk.start()
    assert METRICS.value(GAUGE) == 2
    desk.store.objects = nothing
    late = desk.send("1.2.1", b"\2\0")
    desk.catching_up.bring_all()
    assert desk.stored() == [*early, late]


def test_a_file_without_a_receipt_was_never_acknowledged_and_goes(desk: Desk) -> None:
    desk.volume.put(f"{FOLDER}/ingest-1/00000000000000000001-aa-bb.dcm", b"cut off")
    desk.start()
    assert desk.left() == []


@pytest.mark.parametrize("ending", [".dcm", ".receipt"])
def test_what_is_damaged_on_the_volume_is_kept_aside_and_the_rest_comes(
    desk: Desk, ending: str
) -> None:
    desk.store.objects = away
    desk.send("1.2.1")
    good = desk.send("1.2.2")
    key = next(key for key in desk.left() if key.endswith(ending))
    path = desk.folder / "volume" / key
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    desk.store.objects = nothing
    while desk.kept.waiting():
        desk.catching_up.bring_all()
    assert desk.stored() == [good]
    assert len(desk.left()) == 2
    assert all(key.endswith(".damaged") for key in desk.left())


def test_without_leave_nothing_is_acknowledged(desk: Desk) -> None:
    desk.store.objects = away
    path = Acknowledger(desk.store, desk.journal.writer("a"), desk.clock, lambda *_: None)
    spool = desk.store.spool()
    write_all(spool, instance_of(1)[0])
    with pytest.raises(Unavailable):
        path.store(spool, instance_of(1)[1])


def test_the_power_may_go_at_every_single_step() -> None:
    step, is_cut = 0, True
    while is_cut:
        step += 1
        disk, clock, acknowledged, is_cut = SimulatedDisk(), HybridClock(), set[str](), False
        disk.make_folder(str(ROOT))
        disk.sync_folder("/")
        volume = FilesystemObjects(ROOT, disk)
        kept = AcknowledgedSpool(volume, "ingest-1", clock)
        disk.cut_at = disk.steps + step
        try:
            for number in (0, 3, 0):
                content, receipt = instance_of(number)
                spool = volume.spool()
                write_all(spool, content)
                kept.keep(spool, receipt)
                acknowledged.add(receipt.digest)
        except PowerCut:
            is_cut = True
        for fate in (NothingSurvives(), NamesSurvive(), EverythingSurvives(), Chance(Random(1))):
            after = FilesystemObjects(ROOT, disk.after_power_cut(fate))
            anew = AcknowledgedSpool(after, "ingest-1", HybridClock())
            found = {anew.read(one)[0].digest for one in anew.waiting()}
            assert acknowledged <= found
    assert step > 20

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.part10 import SECONDARY_CAPTURE, data_set, digest_of, part10
from tests.support.receive_core import SENDER, Core
from tests.support.small_disk import small_disk

from isocenter.dicom import part10 as file_meta
from isocenter.dicom.header import scan
from isocenter.dicom.implementation import IMPLEMENTATION_CLASS_UID
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.dicom.uids import partition_of
from isocenter.errors import Conflict, InvalidInstance, LimitExceeded, OutOfSpace
from isocenter.events.entries import EntryKind
from isocenter.ingest import digesting
from isocenter.ingest.receive import Marks, ReceiveLimits
from isocenter.ingest.sinks import SopMismatch

MIB = 1 << 20


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path)
    yield core
    assert core.spooled() == []


@pytest.mark.parametrize("pixel_bytes", [0, 100, 300_000, 600_000, 9 * MIB])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_data_set_is_stored_byte_for_byte_with_its_receipt(
    core: Core, pixel_bytes: int, is_busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_busy:
        monkeypatch.setattr(digesting.Digesters, "offer", lambda *_: False)
    sent = data_set("1.2.9", pixels=b"\1\2" * (pixel_bytes // 2))
    outcome = core.store(sent, "1.2.9")
    assert (outcome.status, outcome.digest) == ("stored", digest_of(sent))
    assert (outcome.study_instance_uid, outcome.series_instance_uid) == ("1.2.3", "1.2.3.4")
    (receipt,) = core.receipts()
    stored = core.objects.read(receipt.object_key)
    assert receipt.object_key == f"instances/1.2.3/1.2.3.4/1.2.9~{outcome.digest[:32]}.dcm"
    assert stored[receipt.dataset_offset :] == sent
    assert stored[:128] == bytes(128)
    assert len(stored) == receipt.size_bytes
    assert receipt.sender.calling_ae_title == "SCANNER"
    for piece in receipt.head:
        assert stored[piece.offset : piece.offset + len(piece.content)] == piece.content
    pixels = receipt.pixel_data
    assert stored[pixels.offset : pixels.offset + pixels.length] == b"\1\2" * (pixel_bytes // 2)


def test_what_was_stored_is_announced_with_its_place(core: Core) -> None:
    core.store(data_set("1.2.9"), "1.2.9")
    ((position, entry, message),) = core.told
    assert (position.sequence, position.entry_index, entry.kind) == (1, 0, EntryKind.RECEIPT)
    assert message == core.receipts()[0]
    assert entry.partition == partition_of("1.2.3")


def test_the_same_bytes_again_are_a_duplicate_with_a_receipt_of_its_own(core: Core) -> None:
    first = core.store(data_set("1.2.9"), "1.2.9")
    again = core.store(data_set("1.2.9"), "1.2.9")
    assert (first.status, again.status) == ("stored", "duplicate")
    assert first.digest == again.digest
    assert core.receipts()[0] == core.receipts()[1]
    assert len(core.keys("instances/")) == 1


def test_other_bytes_under_the_same_uid_are_kept_beside(core: Core) -> None:
    assert core.store(data_set("1.2.9"), "1.2.9").status == "stored"
    assert core.store(data_set("1.2.9", name="Other^Name"), "1.2.9").status == "stored"
    assert len(core.keys("instances/")) == 2


def test_a_duplicate_behind_another_file_meta_is_described_as_it_stands(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_meta, "IMPLEMENTATION_VERSION_NAME", "ISOCENTER_0_LONG")
    core.store(data_set("1.2.9"), "1.2.9")
    monkeypatch.undo()
    assert core.store(data_set("1.2.9"), "1.2.9").status == "duplicate"
    first, again = core.receipts()
    assert first == again


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_object_gives_way_to_good_bytes_and_is_kept_aside(
    core: Core, damage: str
) -> None:
    sent = data_set("1.2.9")
    core.store(sent, "1.2.9")
    (receipt,) = core.receipts()
    path = core.objects.local_path(receipt.object_key)
    assert path is not None
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes({"flip": content, "cut": content[:-9], "empty": bytearray()}[damage]))
    assert core.store(sent, "1.2.9").status == "stored"
    assert core.objects.read(receipt.object_key)[receipt.dataset_offset :] == sent
    assert len(core.keys("damaged/")) == 1


def test_a_command_that_names_another_instance_is_quarantined(core: Core) -> None:
    wrong_instance = core.store(data_set("1.2.9"), "1.2.8")
    wrong_class = core.store(data_set("1.2.9"), "1.2.9", sop_class="1.2.840.10008.5.1.4.1.1.2")
    for outcome in (wrong_instance, wrong_class):
        assert outcome.status == "quarantined"
        assert isinstance(outcome.error, SopMismatch)
        assert outcome.sop_instance_uid == "1.2.9"
    assert [entry.reason for entry in core.quarantined()] == [
        "sop_instance_mismatch",
        "sop_class_mismatch",
    ]
    assert core.keys("instances/") == []


@pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2.9\0", "x" * 65, "", "é"])
def test_a_command_with_no_uid_harms_nothing(core: Core, uid: str) -> None:
    outcome = core.store(data_set("1.2.9"), uid, sop_class=uid)
    assert outcome.status == "quarantined"
    (entry,) = core.quarantined()
    assert entry.sop_instance_uid == "1.2.9"
    assert core.keys("instances/") == []


def test_what_is_cut_off_is_quarantined_with_its_bytes_and_a_reason(core: Core) -> None:
    sent = data_set("1.2.9")[:150]
    outcome = core.store(sent, "1.2.9")
    assert outcome.status == "quarantined"
    assert isinstance(outcome.error, InvalidInstance)
    (entry,) = core.quarantined()
    kept = core.objects.read(entry.object_key)
    assert kept.endswith(sent)
    assert entry.digest == sha256(kept).hexdigest() == outcome.digest
    assert entry.object_key.endswith(f"/{entry.digest}.bin")
    assert (entry.sop_instance_uid, entry.size_bytes) == ("1.2.9", len(kept))
    beside = json.loads(core.objects.read(entry.object_key[:-3] + "json"))
    assert beside["reason"] == entry.reason == outcome.error.fields["code"]
    assert beside["sender"]["calling_ae_title"] == "SCANNER"
    ((_, told, message),) = core.told
    assert (told.kind, message) == (EntryKind.QUARANTINE, entry)


def test_the_same_rejected_bytes_are_kept_once_and_counted_each_time(core: Core) -> None:
    for _ in range(3):
        core.store(b"no data set at all", "1.2.9")
    assert len(core.keys("quarantine/")) == 2
    assert len({entry.digest for entry in core.quarantined()}) == 1
    assert len(core.quarantined()) == 3


@pytest.mark.parametrize("chunk_bytes", [1, 997, 1 << 20])
def test_a_file_and_a_command_with_the_same_data_set_are_the_same_object(
    core: Core, chunk_bytes: int
) -> None:
    sent = data_set("1.2.9")
    assert core.store(sent, "1.2.9").status == "stored"
    file = b"MZ" + bytes(126) + part10("1.2.9")[128:]
    outcome = core.store_file(file, chunk_bytes=chunk_bytes)
    assert (outcome.status, outcome.digest) == ("duplicate", digest_of(sent))
    by_file = core.receipts()[1]
    assert by_file.sender.foreign_preamble
    assert by_file.sender.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    assert core.objects.read(by_file.object_key, 0, 2) == b"\0\0"


def test_a_large_file_is_streamed(core: Core) -> None:
    pixels = b"\7" * 3 * MIB
    outcome = core.store_file(part10("1.2.9", pixels=pixels))
    assert (outcome.status, outcome.digest) == (
        "stored",
        digest_of(data_set("1.2.9", pixels=pixels)),
    )


def test_a_bare_data_set_gets_our_file_meta(core: Core) -> None:
    sent = data_set("1.2.9")
    outcome = core.store_file(sent)
    assert (outcome.status, outcome.digest) == ("stored", digest_of(sent))
    (receipt,) = core.receipts()
    meta = file_meta.read_file_meta(core.objects.read(receipt.object_key))
    assert meta.media_storage_sop_instance_uid == "1.2.9"
    assert meta.dataset_offset == receipt.dataset_offset
    assert core.objects.read(receipt.object_key)[receipt.dataset_offset :] == sent
    assert "no_file_meta" in [finding.code for finding in outcome.findings]


def test_file_meta_that_names_another_instance_is_told_and_replaced(core: Core) -> None:
    meta = file_meta.write_file_meta(SECONDARY_CAPTURE, "9.9.9", EXPLICIT_VR_LITTLE_ENDIAN)
    outcome = core.store_file(meta + data_set("1.2.9"))
    assert (outcome.status, outcome.sop_instance_uid) == ("stored", "1.2.9")
    (receipt,) = core.receipts()
    assert receipt.sender.media_storage_sop_instance_uid == "9.9.9"
    stored = core.objects.read(receipt.object_key)
    assert file_meta.read_file_meta(stored).media_storage_sop_instance_uid == "1.2.9"
    header = scan(stored, receipt.dataset_offset, EXPLICIT_VR_LITTLE_ENDIAN)
    assert [(piece.offset, piece.content) for piece in receipt.head] == list(header.pieces)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 not DICOM", b"x" * 2 * MIB, bytes(132)])
def test_what_is_no_dicom_file_is_quarantined_as_it_is(core: Core, content: bytes) -> None:
    outcome = core.store_file(content)
    assert outcome.status == "quarantined"
    (entry,) = core.quarantined()
    assert core.objects.read(entry.object_key) == content
    assert entry.digest == sha256(content).hexdigest()


def test_a_file_of_another_study_than_the_request_says_is_refused(core: Core) -> None:
    outcome = core.store_file(part10("1.2.9", study="1.2.3"), study="1.2.4")
    assert isinstance(outcome.error, Conflict)
    assert core.quarantined()[0].reason == "study_mismatch"
    assert core.store_file(part10("1.2.9", study="1.2.3"), study="1.2.3").status == "stored"


def test_a_shared_sender_is_not_changed(core: Core) -> None:
    before = SENDER.SerializeToString()
    core.store_file(b"MZ" + part10("1.2.9")[2:])
    core.store(data_set("1.2.8"), "1.2.8")
    assert SENDER.SerializeToString() == before


def test_too_large_a_data_set_is_stopped_before_it_is_written(tmp_path: Path) -> None:
    core = Core(tmp_path, limits=ReceiveLimits(max_instance_bytes=17 * MIB))
    incoming = core.receiver.begin(SENDER, EXPLICIT_VR_LITTLE_ENDIAN, SECONDARY_CAPTURE, "1.2.9")
    with pytest.raises(LimitExceeded):
        for _ in range(40):
            incoming.write(memoryview(bytes(MIB)))
    assert core.spooled()[0].stat().st_size <= 17 * MIB
    incoming.discard()
    incoming.discard()
    assert core.spooled() == []


def test_at_the_low_mark_new_senders_are_turned_away_and_at_the_hard_mark_all(
    tmp_path: Path,
) -> None:
    free = 1 << 62
    assert Core(tmp_path, Marks(0, 0)).receiver.accepting()
    low = Core(tmp_path, Marks(free, 0)).receiver
    assert not low.accepting()
    hard = Core(tmp_path, Marks(free, free))
    with pytest.raises(OutOfSpace):
        hard.store(data_set("1.2.9"), "1.2.9")
    with pytest.raises(OutOfSpace):
        hard.store_file(part10("1.2.9"))
    assert hard.spooled() == []


def test_a_full_disk_acknowledges_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4 * MIB) as root:
        core = Core(root)
        acknowledged: list[str] = []
        refused = 0
        for number in range(12):
            sop = f"1.2.{number}"
            incoming = core.receiver.begin(
                SENDER, EXPLICIT_VR_LITTLE_ENDIAN, SECONDARY_CAPTURE, sop
            )
            try:
                incoming.write(memoryview(data_set(sop, pixels=bytes(512 << 10))))
                acknowledged.append(incoming.finish().digest)
            except OutOfSpace:
                incoming.discard()
                refused += 1
        assert refused > 3
        assert len(acknowledged) > 3
        assert core.spooled() == []
        assert {receipt.digest for receipt in core.receipts()} == set(acknowledged)
        small = core.store(data_set("1.9"), "1.9")
        assert small.status == "stored"


def test_many_threads_receive_at_once(core: Core) -> None:
    def send(number: int) -> str:
        sop = f"1.2.{number % 20}"
        pixels = bytes([number % 20]) * 300_000
        outcome = core.store(data_set(sop, series=f"1.{number % 3}", pixels=pixels), sop)
        assert outcome.error is None
        return outcome.digest

    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(send, range(40)))
    receipts = core.receipts()
    assert sorted(receipt.digest for receipt in receipts) == sorted(digests)
    for receipt in receipts:
        stored = core.objects.read(receipt.object_key)
        assert digest_of(stored[receipt.dataset_offset :]) == receipt.digest

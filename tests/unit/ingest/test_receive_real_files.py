"""The real files through the receive core: each is stored byte for byte, or kept in quarantine with a reason."""

from hashlib import sha256
from pathlib import Path

from tests.support.dicom_files import RealFile, real_files
from tests.support.part10 import digest_of
from tests.support.receive_core import Core

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.part10 import read_file_meta

LARGE_BYTES = 20 << 20


def test_each_real_file_is_stored_byte_for_byte_or_quarantined(tmp_path: Path) -> None:
    core = Core(tmp_path)
    files = [file for file in real_files() if file.path.stat().st_size < LARGE_BYTES]
    outcomes = [check(core, file) for file in files]
    stored = outcomes.count("stored") + outcomes.count("duplicate")
    assert stored + outcomes.count("quarantined") == len(files)
    assert stored > len(files) // 2
    assert len(core.receipts()) == stored
    assert core.spooled() == []


def check(core: Core, file: RealFile) -> str:
    content = file.path.read_bytes()
    outcome = core.store_file(content)
    told = core.told.pop()[2]
    assert isinstance(told, pb.Receipt | pb.Quarantine)
    kept = core.objects.read(told.object_key)
    if isinstance(told, pb.Quarantine):
        assert outcome.status == "quarantined"
        assert outcome.error is not None
        assert outcome.digest == sha256(kept).hexdigest()
        return outcome.status
    meta = read_file_meta(content)
    data_set = content[meta.dataset_offset :]
    assert outcome.digest == digest_of(data_set, meta.transfer_syntax_uid)
    assert kept[told.dataset_offset :] == data_set
    if not told.deflated:
        for piece in told.head:
            assert kept[piece.offset : piece.offset + len(piece.content)] == piece.content
    return outcome.status

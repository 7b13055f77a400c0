"""Real senders with real files: what arrives is what they sent, byte for byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pynetdicom
import pytest
from pynetdicom import AE
from tests.support.dicom_files import RealFile, data_set_of, real_files
from tests.support.ports import free_port, until_open
from tests.support.receiving import MemoryReceiver, dicom_address

VERIFICATION = "1.2.840.10008.1.1"
DICOMDIR = "1.2.840.10008.1.3.10"  # never sent
UNSENT = ("broken", "dicomdir")  # folders with files that DCMTK stops at


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """DCMTK's receiver, which writes data sets bit by bit as they come: the oracle for its own senders."""
    port = free_port()
    server = subprocess.Popen(
        ["storescp", "+B", "+xa", "-od", str(folder), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_open(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def sample(syntaxes: set[str], at_most: int) -> list[RealFile]:
    files = [f for f in real_files() if f.is_readable and f.transfer_syntax in syntaxes]
    unique = {f.sop_instance_uid: f for f in files if f.path.parent.name not in UNSENT}
    step = max(1, len(unique) // at_most)
    return list(unique.values())[::step]


def oracle_data_sets(folder: Path) -> dict[str, bytes]:
    return {
        str(pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID): data_set_of(
            path
        )
        for path in folder.iterdir()
    }


UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
JPEG_BASELINE = {"1.2.840.10008.1.2.4.50"}


@pytest.mark.parametrize(
    ("sender", "syntaxes"),
    [
        (["storescu", "-nh", "-R", "-aec", "ISOCENTER"], UNCOMPRESSED),
        (["storescu", "-nh", "-xy", "-aec", "ISOCENTER"], JPEG_BASELINE),
        (["dcmsend", "-dn", "-aec", "ISOCENTER"], UNCOMPRESSED | JPEG_BASELINE),
    ],
    ids=["storescu", "storescu jpeg", "dcmsend"],
)
def test_dcmtk_sender_arrives_as_at_dcmtks_own_receiver(
    sender: list[str], syntaxes: set[str], tmp_path: Path
) -> None:
    files = [f.path for f in sample(syntaxes, 40)]
    with storescp(tmp_path) as port:
        expected_code = run(*sender, "127.0.0.1", str(port), *files).returncode
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        sent = run(*sender, "127.0.0.1", str(running.port), *files)
    assert sent.returncode == expected_code, sent.stderr
    expected = oracle_data_sets(tmp_path)
    assert {r.sop_instance_uid: r.data_set for r in receiver.stored} == expected
    assert len(expected) >= 8
    assert receiver.stored[0].sender.calling_ae_title in ("STORESCU", "DCMSEND")
    assert receiver.stored[0].sender.implementation_version_name.startswith("OFFIS")


def skip_where_gdcmscu_is_broken(folder: Path) -> None:
    """GDCM 3.0.21 and 3.2.6 may abort on their own after connecting, whoever listens."""
    with storescp(folder) as port:
        if run("gdcmscu", "--echo", "127.0.0.1", str(port)).returncode != 0:
            pytest.skip("gdcmscu cannot even talk to DCMTK here")


def test_gdcmscu_echoes_and_sends_what_is_in_the_file(tmp_path: Path) -> None:
    skip_where_gdcmscu_is_broken(tmp_path)
    files = [f for f in sample({"1.2.840.10008.1.2"}, 200) if "ct_lidc" in str(f.path)][:4]
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        assert run("gdcmscu", "--echo", "127.0.0.1", str(running.port)).returncode == 0
        for file in files:
            sent = run(
                "gdcmscu",
                "--store",
                "--call",
                "ISOCENTER",
                "127.0.0.1",
                str(running.port),
                file.path,
            )
            assert sent.returncode == 0, sent.stderr
    assert [r.data_set for r in receiver.stored] == [data_set_of(f.path) for f in files]


def test_pynetdicom_sends_every_real_file_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pynetdicom._config.STORE_SEND_CHUNKED_DATASET", True)
    files = [f.path for f in real_files() if f.is_readable]
    metas = {path: pydicom.dcmread(path, stop_before_pixels=True).file_meta for path in files}
    sendable = {
        path: (meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
        for path, meta in metas.items()
        if meta.get("MediaStorageSOPClassUID", DICOMDIR) != DICOMDIR
        and meta.get("MediaStorageSOPInstanceUID")
        and meta.get("TransferSyntaxUID")
        and data_set_offset_is_told(path)
    }
    assert len(sendable) >= 250
    pairs = sorted(set(sendable.values()))
    receiver = MemoryReceiver()
    sent: list[tuple[str, bytes]] = []
    with dicom_address(receiver) as running:
        for start in range(0, len(pairs), 100):
            group = pairs[start : start + 100]
            association = associate(running.port, group)
            for path, pair in sendable.items():
                if pair in group:
                    status = association.send_c_store(path)
                    assert status.Status == 0x0000, path
                    sent.append((str(pair[1]), data_set_of(path)))
            association.release()
    assert [(r.transfer_syntax_uid, r.data_set) for r in receiver.stored] == sent


def data_set_offset_is_told(path: Path) -> bool:
    try:
        data_set_of(path)
    except ValueError:
        return False
    return True


def associate(port: int, pairs: list[tuple[str, str]]) -> pynetdicom.association.Association:
    ae = AE(ae_title="PYNETDICOM")
    for sop_class, transfer_syntax in pairs:
        ae.add_requested_context(sop_class, transfer_syntax)
    association = ae.associate("127.0.0.1", port, ae_title="ISOCENTER")
    assert association.is_established
    assert not association.rejected_contexts
    return association


def test_every_echo_is_answered() -> None:
    with dicom_address(MemoryReceiver()) as running:
        port = str(running.port)
        assert run("echoscu", "--repeat", "5", "127.0.0.1", port).returncode == 0
        association = associate(running.port, [(VERIFICATION, "1.2.840.10008.1.2")])
        assert association.send_c_echo().Status == 0x0000
        association.release()


def test_first_proposed_transfer_syntax_is_chosen() -> None:
    ae = AE()
    ae.add_requested_context(
        "1.2.840.10008.5.1.4.1.1.2",
        ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"],
    )
    ae.add_requested_context("1.2.840.10008.5.1.4.31")  # modality worklist
    ae.add_requested_context("1.3.12.2.1107.5.9.1", "1.2.276.0.7230010.3.9.9")
    with dicom_address(MemoryReceiver()) as running:
        association = ae.associate("127.0.0.1", running.port)
        accepted = {c.abstract_syntax: c.transfer_syntax for c in association.accepted_contexts}
        rejected = [(c.abstract_syntax, c.result) for c in association.rejected_contexts]
        association.release()
    assert accepted == {
        "1.2.840.10008.5.1.4.1.1.2": ["1.2.840.10008.1.2.4.90"],
        "1.3.12.2.1107.5.9.1": ["1.2.276.0.7230010.3.9.9"],
    }
    assert rejected == [("1.2.840.10008.5.1.4.31", 3)]


def test_small_pdus_are_put_together() -> None:
    files = [f.path for f in sample({"1.2.840.10008.1.2"}, 2)]
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        sent = run(
            "storescu", "-R", "--max-send-pdu", "4096", "127.0.0.1", str(running.port), *files
        )
    assert sent.returncode == 0, sent.stderr
    assert receiver.count == len(files)

"""Foreign senders and all real files: each is accounted for, and comes back byte for byte."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pydicom
import pynetdicom
import pytest
from pydicom.errors import InvalidDicomError
from pynetdicom import AE
from tests.support import foreign
from tests.support.checker import evidence, journal_files, stored
from tests.support.checker.check import check
from tests.support.commanded import Commanded, platform
from tests.support.dicom_files import all_files, data_set_of, real_files
from tests.support.foreign import Sent
from tests.support.platform import Platform
from tests.support.wado import study_as_stored

Sender = Callable[[int, Path], Sent]
DICOMDIR = "1.2.840.10008.1.3.10"  # never sent
MAX_CONTEXTS = 100


def syntax_of(path: Path) -> str:
    try:
        meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
    except (InvalidDicomError, AttributeError, ValueError, OSError):
        return ""
    return str(meta.get("TransferSyntaxUID", ""))


def uid_of(path: Path) -> str:
    """By the data set, else by File Meta."""
    ds = pydicom.dcmread(path, specific_tags=["SOPInstanceUID"], force=True)
    return str(ds.get("SOPInstanceUID") or ds.file_meta.MediaStorageSOPInstanceUID)


def storescu(port: int, folder: Path) -> Sent:
    sent = Sent([], [])
    for option, files in foreign.grouped((path, syntax_of(path)) for path in all_files()).items():
        some = foreign.storescu(port, files, folder, *([option] if option else []))
        sent.answers += some.answers
        sent.refused += some.refused
    return sent


def dcmsend(port: int, folder: Path) -> Sent:
    return foreign.dcmsend(port, list(all_files()), folder / "report.txt")


def quarantined(running: Commanded) -> dict[str, int]:
    """Digests of what is in quarantine, with how often it came."""
    lines = running.get("/api/quarantine", params={"limit": 1000}).json()
    assert all(line["reason"] and line["message"] for line in lines)
    return {line["digest"]: line["repeats"] for line in lines}


def check_promise(running: Commanded, sent: Sent) -> None:
    """What was answered with Success is there, once; what was not is in quarantine with a reason."""
    running.until_settled()
    acknowledged = [uid_of(path) for path, answer in sent.answers if "Success" in answer]
    assert check(evidence.collect(running, sorted(set(acknowledged)))) == []
    failed = [path for path, answer in sent.answers if "Success" not in answer]
    if failed:
        running.until(lambda: sum(quarantined(running).values()) == len(failed), 30)


def check_returned(running: Platform) -> None:
    """WADO-RS gives what is shown, byte for byte: by digests over transfer syntax and data set."""
    rows = [row for row in running.kept.rows() if not (row.held or row.deleted)]
    shown = {row.digest for row in rows if row.current}
    with httpx.Client(base_url=running.url, timeout=60) as client:
        returned = [
            stored.parse(part, study)
            for study in {row.study for row in rows}
            for part in study_as_stored(client, study)
        ]
    assert Counter(part.digest for part in returned) == Counter(shown)
    assert all(part.zero_preamble for part in returned)


@pytest.mark.parametrize("sender", [storescu, dcmsend])
def test_dcmtk_sends_all_files_and_each_is_accounted_for(sender: Sender, tmp_path: Path) -> None:
    with platform(tmp_path) as running:
        sent = sender(running.dicom_port, tmp_path)
        assert len(sent.answers) + len(sent.refused) == len(all_files())
        assert len(sent.answers) > 200
        check_promise(running, sent)
        check_returned(running)


@pytest.fixture
def whole_data_sets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("pynetdicom._config.STORE_SEND_CHUNKED_DATASET", True)
    yield


@pytest.mark.usefixtures("whole_data_sets")
def test_pynetdicom_sends_all_files_and_each_is_accounted_for(tmp_path: Path) -> None:
    pairs = {path: pair for path in all_files() if (pair := context_of(path)) is not None}
    contexts = sorted(set(pairs.values()))
    sent = Sent([], [path for path in all_files() if path not in pairs])
    with platform(tmp_path) as running:
        for start in range(0, len(contexts), MAX_CONTEXTS):
            group = contexts[start : start + MAX_CONTEXTS]
            association = associate(running.dicom_port, group)
            for path, pair in pairs.items():
                if pair in group:
                    status = association.send_c_store(path).Status
                    sent.answers.append((path, "Success" if status == 0 else f"{status:04X}"))
            association.release()
        assert len(sent.answers) == len(pairs)
        check_promise(running, sent)
        receipts = journal_files.receipts(running.kept.lines())
        kept = {receipt.digest for receipt in receipts}
        given = {
            foreign.digest(pairs[path][1], data_set_of(path))
            for path, answer in sent.answers
            if answer == "Success"
        }
        assert kept == given
        assert len(kept) > 200
        check_returned(running)
        check_no_patient_in_logs(running)


def context_of(path: Path) -> tuple[str, str] | None:
    """SOP class and transfer syntax as File Meta names them; None for what cannot be sent."""
    try:
        data_set_of(path)
        meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
    except (InvalidDicomError, AttributeError, ValueError, OSError):
        return None
    sop_class = str(meta.get("MediaStorageSOPClassUID", ""))
    syntax = str(meta.get("TransferSyntaxUID", ""))
    if not (sop_class and syntax and meta.get("MediaStorageSOPInstanceUID")):
        return None
    return None if sop_class == DICOMDIR else (sop_class, syntax)


def associate(port: int, pairs: list[tuple[str, str]]) -> pynetdicom.association.Association:
    ae = AE(ae_title="PYNETDICOM")
    for sop_class, transfer_syntax in pairs:
        ae.add_requested_context(sop_class, transfer_syntax)
    association = ae.associate("127.0.0.1", port, ae_title="ISOCENTER")
    assert association.is_established
    return association


def check_no_patient_in_logs(running: Commanded) -> None:
    """No name, id, date of birth or UID of what was sent is in any log."""
    words: set[str] = set()
    for path in all_files():
        try:
            ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        except Exception:  # noqa: S112  (broken on purpose)
            continue
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber"):
            words |= set(str(ds.get(keyword, "")).replace("=", "^").split("^"))
        words |= {str(ds.get(key, "")) for key in ("StudyInstanceUID", "SOPInstanceUID")}
    logs = "".join(path.read_text(errors="replace") for path in (running.data / "logs").iterdir())
    lines = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    assert len(lines) > 5
    said = json.dumps(
        [{name: value for name, value in line.items() if name != "timestamp"} for line in lines],
        ensure_ascii=False,
    )
    assert {word for word in words if len(word) > 5 and word in said} == set()


def test_gdcmscu_sends_what_is_in_the_files(tmp_path: Path) -> None:
    wanted = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    files = [file for file in real_files() if file.transfer_syntax in wanted and file.is_readable]
    with platform(tmp_path) as running:
        address = ("--call", "ISOCENTER", "127.0.0.1", running.dicom_port)
        if foreign.run("gdcmscu", "--echo", *address).returncode != 0:
            pytest.skip("gdcmscu aborts by itself here")
        done = [foreign.run("gdcmscu", "--store", *address, file.path) for file in files[::4]]
        # it ends with 0 whatever it was answered, and aborts by itself now and then
        sent = sum(one.returncode == 0 for one in done)
        assert sent > len(done) / 2
        running.until_settled()
        assert check(evidence.collect(running, [])) == []
        receipts = journal_files.receipts(running.kept.lines())
        given = {foreign.digest(f.transfer_syntax, data_set_of(f.path)) for f in files[::4]}
        assert {receipt.digest for receipt in receipts} <= given
        assert sent <= len(receipts) + sum(quarantined(running).values())
        check_returned(running)

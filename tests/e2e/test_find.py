"""C-FIND with foreign clients over all real files: the same answers as QIDO-RS, at every level."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from tests.support import foreign
from tests.support.commanded import Commanded

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
UIDS = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}
PATHS = {"STUDY": "studies", "SERIES": "series", "IMAGE": "instances"}
QUESTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("STUDY", {}),
    ("STUDY", {"PatientName": "*a*"}),
    ("STUDY", {"PatientName": "yamada*"}),
    ("STUDY", {"PatientName": "MÜLLER*"}),
    ("STUDY", {"PatientID": "*1*"}),
    ("STUDY", {"PatientID": "?CT1"}),
    ("STUDY", {"StudyDate": "19900101-20051231"}),
    ("STUDY", {"StudyDate": "-20041231", "StudyTime": "-120000"}),
    ("STUDY", {"ModalitiesInStudy": "CT"}),
    ("STUDY", {"ModalitiesInStudy": "CT\\MR"}),
    ("STUDY", {"AccessionNumber": '""'}),
    ("STUDY", {"StudyDescription": "*e*"}),
    ("SERIES", {"Modality": "MR"}),
    ("SERIES", {"Modality": "CT", "PatientName": "*"}),
    ("SERIES", {"SeriesNumber": "1"}),
    ("IMAGE", {"Modality": "US"}),
    ("IMAGE", {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}),
    ("IMAGE", {"InstanceNumber": "1", "Modality": "CT"}),
)


@contextmanager
def association(desk: Commanded, root: str = STUDY_ROOT) -> Iterator[Association]:
    ae = AE("TESTER")
    ae.add_requested_context(root)
    made = ae.associate("127.0.0.1", desk.dicom_port, ae_title="ISOCENTER")
    assert made.is_established
    try:
        yield made
    finally:
        made.release()


def keys(level: str, **values: str) -> Dataset:
    found = Dataset()
    found.QueryRetrieveLevel = level
    found.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def find(desk: Commanded, asked: Dataset, root: str = STUDY_ROOT) -> list[Dataset]:
    with association(desk, root) as peer:
        told = list(peer.send_c_find(asked, root))
    assert told[-1][0].Status == 0, hex(told[-1][0].Status)
    assert {status.Status for status, _ in told[:-1]} <= {0xFF00}
    return [answer for _, answer in told[:-1]]


def by_qido(desk: Commanded, level: str, asked: dict[str, str]) -> list[dict[str, Any]]:
    answer = desk.get(f"/dicom-web/{PATHS[level]}", params={**asked, "limit": "5000"})
    return answer.json() if answer.status_code == 200 else []


@pytest.mark.parametrize(("level", "asked"), QUESTIONS)
def test_answers_are_those_of_qido(library: Commanded, level: str, asked: dict[str, str]) -> None:
    uid = UIDS[level]
    found = find(library, keys(level, **{uid: "", "PatientName": "", **asked}))
    expected = by_qido(library, level, asked)
    tag = {"STUDY": "0020000D", "SERIES": "0020000E", "IMAGE": "00080018"}[level]
    assert [answer[uid].value for answer in found] == [one[tag]["Value"][0] for one in expected]
    for answer, one in zip(found, expected, strict=True):
        groups = (one.get("00100010", {}).get("Value") or [{}])[0]
        name = "=".join(groups.get(g, "") for g in ("Alphabetic", "Ideographic", "Phonetic"))
        assert str(answer.PatientName or "") == name.rstrip("=")


def test_all_keys_come_back_and_no_others(library: Commanded) -> None:
    asked = keys("IMAGE", SOPInstanceUID="", Modality="CT", WindowCenter="", StudyID="")
    asked.Rows = None
    for answer in find(library, asked)[:20]:
        assert {e.keyword for e in answer} == {e.keyword for e in asked} | {"RetrieveAETitle"}
        assert answer.QueryRetrieveLevel == "IMAGE"
        assert answer.RetrieveAETitle == "ISOCENTER"


def test_a_patient_is_given_once(library: Commanded) -> None:
    patients = find(library, keys("PATIENT", PatientID="", PatientName=""), PATIENT_ROOT)
    named = [one.PatientID for one in patients if one.PatientID]
    studies = by_qido(library, "STUDY", {})
    expected = {(one.get("00100020", {}).get("Value") or [""])[0] for one in studies}
    assert set(named) == expected - {""}
    assert len(named) < len(studies)


def test_findscu_is_answered(library: Commanded) -> None:
    asked = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "PatientName=*"]
    done = foreign.run("findscu", "-S", *asked, "127.0.0.1", str(library.dicom_port))
    assert done.returncode == 0, done.stderr
    count = (done.stdout + done.stderr).count("(0020,000d) UI [")
    assert count == len(by_qido(library, "STUDY", {}))


def test_wrong_date_is_refused_with_a_comment_that_names_the_key(library: Commanded) -> None:
    with association(library) as peer:
        ((status, _),) = peer.send_c_find(keys("STUDY", StudyDate="20201301"), STUDY_ROOT)
    assert status.Status == 0xA900
    assert status.ErrorComment.startswith("00080020")


def test_what_was_asked_for_is_in_no_log(library: Commanded) -> None:
    find(library, keys("STUDY", PatientName="CANARYFIND^SECRET", StudyInstanceUID=""))
    for log in (library.data / "logs").glob("*.log"):
        assert "CANARYFIND" not in log.read_text()

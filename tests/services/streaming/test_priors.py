"""Priors are those of one patient: (issuer, id), never the id alone."""

import io
from collections.abc import Iterator

import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.support.archive import Archive
from tests.support.part10 import part10
from tests.support.streaming import streaming

PEOPLE = {  # study: issuer, id
    "1.2.1": ("NORTH", "12345"),
    "1.2.2": ("NORTH ", "12345"),
    "1.2.3": ("SOUTH", "12345"),
    "1.2.4": (None, "12345"),
    "1.2.5": ("NORTH", None),
    "1.2.6": ("NORTH", ""),
}


def of_patient(study: str, issuer: str | None, patient_id: str | None) -> bytes:
    """An instance of that study and patient; None leaves the attribute out."""
    ds: Dataset = pydicom.dcmread(io.BytesIO(part10(f"{study}.9", study, f"{study}.8")))
    del ds.PatientID
    if issuer is not None:
        ds.IssuerOfPatientID = issuer
    if patient_id is not None:
        ds.PatientID = patient_id
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with Archive(tmp_path_factory.mktemp("priors")) as archive:
        for study, (issuer, patient_id) in PEOPLE.items():
            archive.put(of_patient(study, issuer, patient_id))
        archive.sum_up()
        with streaming(archive) as serving, httpx.Client(base_url=serving.dicomweb) as client:
            yield client


def studies(http: httpx.Client, **asked: str) -> list[str]:
    answer = http.get("/studies", params=asked)
    assert answer.status_code == 200
    return sorted(study["0020000D"]["Value"][0] for study in answer.json())


@pytest.mark.parametrize(
    ("open_study", "found"),
    [
        ("1.2.1", ["1.2.1", "1.2.2"]),
        ("1.2.3", ["1.2.3"]),
        ("1.2.4", ["1.2.4"]),
        ("1.2.5", []),  # it has no id, so it is not among those with this one
        ("1.2.1,1.2.3", ["1.2.1", "1.2.2", "1.2.3"]),
        ("1.2.99", []),
    ],
)
def test_priors_asked_by_id_are_those_of_the_open_studys_patient(
    http: httpx.Client, open_study: str, found: list[str]
) -> None:
    assert studies(http, **{"00100020": "12345", "samepatientas": open_study}) == found


def test_without_an_open_study_the_id_alone_is_searched(http: httpx.Client) -> None:
    assert studies(http, PatientID="12345") == ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]


def test_nobody_has_no_priors_but_the_study_itself(http: httpx.Client) -> None:
    assert studies(http, samepatientas="1.2.5") == ["1.2.5"]
    assert studies(http, samepatientas="1.2.6", PatientID="") == ["1.2.6"]


def test_a_limit_that_cannot_be_read_is_refused(http: httpx.Client) -> None:
    answer = http.get("/studies", params={"00100020": "12345", "samepatientas": "../x"})
    assert answer.status_code == 400


def test_series_and_instances_are_limited_too(http: httpx.Client) -> None:
    for path in ("/series", "/instances"):
        found = http.get(path, params={"PatientID": "12345", "samepatientas": "1.2.3"}).json()
        assert [one["0020000D"]["Value"][0] for one in found] == ["1.2.3"]

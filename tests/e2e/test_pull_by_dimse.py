"""`isocenter pull` from archives without DICOMweb: asked by C-FIND, sent by C-MOVE, compared at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)
from tests.perf import peers
from tests.perf.peers import Peer
from tests.support.commanded import Commanded
from tests.support.ports import free_port
from tests.support.senders import fresh_uid
from tests.support.slices import ct_slice

SLICES = 7


def give_study(peer: Peer, count: int = SLICES) -> str:
    """A study of two series in an Orthanc."""
    study, series = fresh_uid(), (fresh_uid(), fresh_uid())
    for number in range(count):
        content = ct_slice(fresh_uid(), study, series=series[number % 2], number=number + 1)
        httpx.post(f"{peer.url}/instances", content=content, timeout=60).raise_for_status()
    return study


@pytest.fixture(scope="module")
def old(desk: Commanded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """An Orthanc that knows the platform as WS1."""
    with peers.orthanc(tmp_path_factory.mktemp("old"), desk.dicom_port) as peer:
        yield peer


def pulled(desk: Commanded, port: int, *words: object, code: int = 0) -> dict[str, Any]:
    url = f"dicom://ORTHANC@127.0.0.1:{port}"
    found: dict[str, Any] = desk.json("pull", url, "--to", "WS1", *words, code=code)
    return found


def test_all_of_an_old_archive_comes_over_and_is_not_asked_for_again(
    desk: Commanded, old: Peer
) -> None:
    studies = [give_study(old) for _ in range(2)]
    found = pulled(desk, old.dicom_port)
    assert (found["studies"], found["stored"], found["compared"]) == (2, 2 * SLICES, 2 * SLICES)
    assert found["problems"] == []
    again = pulled(desk, old.dicom_port)
    assert (again["here_already"], again.get("stored", 0)) == (2 * SLICES, 0)
    for study in studies:
        here = desk.get(f"/dicom-web/studies/{study}/instances").json()
        assert len(here) == SLICES


def test_what_was_cut_short_goes_on_with_the_series_that_lack_something(
    desk: Commanded, old: Peer, tmp_path: Path
) -> None:
    study = give_study(old)
    pulled(desk, old.dicom_port, "--study", study)
    series = desk.get(f"/dicom-web/studies/{study}/series").json()[0]["0020000E"]["Value"][0]
    content = ct_slice(fresh_uid(), study, series=series, number=99)
    httpx.post(f"{old.url}/instances", content=content, timeout=60).raise_for_status()
    found = pulled(desk, old.dicom_port, "--study", study)
    assert (found["here_already"], found["stored"], found["compared"]) == (SLICES, 1, SLICES + 1)


def test_only_studies_of_the_dates_come(desk: Commanded, old: Peer) -> None:
    give_study(old)
    assert pulled(desk, old.dicom_port, "--dates", "19000101-19000102")["studies"] == 0
    assert pulled(desk, old.dicom_port, "--dates", "20260101-20260103")["studies"] > 0


def test_instance_that_was_altered_at_the_old_archive_is_told(desk: Commanded, old: Peer) -> None:
    study = give_study(old)
    assert pulled(desk, old.dicom_port, "--study", study, "--verify")["verified"] == SLICES
    [altered, *_] = desk.get(f"/dicom-web/studies/{study}/instances").json()
    sop, series = (altered[tag]["Value"][0] for tag in ("00080018", "0020000E"))
    asked = {"Level": "Instance", "Query": {"SOPInstanceUID": sop}}
    [kept] = httpx.post(f"{old.url}/tools/find", json=asked, timeout=60).json()
    httpx.delete(f"{old.url}/instances/{kept}").raise_for_status()
    content = ct_slice(sop, study, series=series, number=77)
    httpx.post(f"{old.url}/instances", content=content, timeout=60).raise_for_status()
    found = pulled(desk, old.dicom_port, "--study", study, "--verify", code=1)
    assert [(one["instance"], one["problem"]) for one in found["problems"]] == [(sop, "differs")]
    assert found["verified"] == SLICES - 1


@dataclass
class Awkward:
    """An archive that answers no question about more than a day, and does not send everything it names."""

    images: list[Dataset]
    to: int
    withheld: str = ""
    questions: list[str] = field(default_factory=list)

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        level, days = asked.QueryRetrieveLevel, str(asked.get("StudyDate", ""))
        if level == "STUDY":
            self.questions.append(days)
            start, _, end = days.partition("-")
            if start != end:
                yield 0xA700, None
                return
        keyword = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}.get(
            level, "SOPInstanceUID"
        )
        seen = set()
        for one in self.images:
            wanted = level != "STUDY" or days.startswith(one.StudyDate)
            name = getattr(one, keyword)
            if wanted and name not in seen:
                seen.add(name)
                answer = Dataset()
                answer.QueryRetrieveLevel = level
                setattr(answer, keyword, name)
                yield 0xFF00, answer

    def move(self, event: evt.Event) -> Iterator[Any]:
        del event
        yield "127.0.0.1", self.to
        sent = [one for one in self.images if one.SOPInstanceUID != self.withheld]
        yield len(sent)
        for one in sent:
            yield 0xFF00, one


@contextmanager
def serving(archive: Awkward) -> Iterator[int]:
    port = free_port()
    ae = AE("ORTHANC")
    ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    ae.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
    ae.add_requested_context(CTImageStorage)
    handlers = [(evt.EVT_C_FIND, archive.find), (evt.EVT_C_MOVE, archive.move)]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield port
    finally:
        server.shutdown()


def test_instance_that_is_named_and_not_sent_is_told(desk: Commanded) -> None:
    study, series = fresh_uid(), fresh_uid()
    images = [
        dcmread(BytesIO(ct_slice(fresh_uid(), study, series=series, number=number)))
        for number in range(1, 4)
    ]
    archive = Awkward(images, desk.dicom_port, withheld=images[1].SOPInstanceUID)
    with serving(archive) as port:
        found = pulled(desk, port, "--dates", "20260101-20260108", code=1)
    assert (found["studies"], found["stored"], found["compared"]) == (1, 2, 3)
    [problem] = found["problems"]
    assert (problem["instance"], problem["problem"]) == (archive.withheld, "not_here")
    assert archive.questions[0] == "20260101-20260108"
    assert "20260102-20260102" in archive.questions


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dicom://OLD@127.0.0.1:9", "does not answer"),
        ("dicom://127.0.0.1:104", "is named dicom://AE_TITLE@HOST:PORT"),
        ("dicom://A_TITLE_OF_20_LETTERS@127.0.0.1:104", "is named dicom://AE_TITLE@HOST:PORT"),
    ],
)
def test_archive_that_is_not_there_is_said(desk: Commanded, url: str, said: str) -> None:
    assert said in desk.cli("pull", url, code=1).stderr

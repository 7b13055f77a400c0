"""A study is corrected, a late slice comes, foreign clients see it corrected everywhere; then it is undone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.support import foreign
from tests.support.commanded import Commanded, platform_that_knows
from tests.support.part10 import part10
from tests.support.poll import poll
from tests.support.receivers import storescp
from tests.support.senders import fresh_uid, give, give_study


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Commanded]:
    known = f"""
[[ae]]
title = "WS1"
address = "127.0.0.1"
port = {port}
may_ask = true
may_send = true
"""
    with platform_that_knows(known, tmp_path_factory.mktemp("archive")) as running:
        yield running


class Reader:
    """Everything that foreign clients are told of one study."""

    def __init__(self, archive: Commanded, study: str, port: int, folder: Path) -> None:
        self.archive = archive
        self.study = study
        self._port = port
        self._folder = folder
        self._client = DICOMwebClient(f"{archive.url}/dicom-web")

    def name_by_qido(self) -> str:
        asked = {"StudyInstanceUID": self.study}
        found = self._client.search_for_studies(search_filters=asked)
        return name_in(found[0]) if found else ""

    def all(self, turn: str) -> dict[str, Any]:
        by_client = self._client.retrieve_study(self.study)
        return {
            "qido": {self.name_by_qido()},
            "instances": set(map(name_in, self._client.search_for_instances(
                self.study, fields=["PatientName"]))),
            "metadata": set(map(name_in, self._client.retrieve_study_metadata(self.study))),
            "retrieve": names(by_client),
            "find": {self.found()},
            "move": names(self.moved(self._folder / f"{turn}-move")),
            "get": names(self.got(self._folder / f"{turn}-get")),
            "export": names(self.exported(self._folder / f"{turn}-export")),
        }  # fmt: skip

    def found(self) -> str:
        asked = ["-k", f"StudyInstanceUID={self.study}", "-k", "PatientName"]
        done = self._run("findscu", "-k", "QueryRetrieveLevel=STUDY", *asked)
        lines = [line for line in done.splitlines() if "(0010,0010)" in line]
        return lines[-1].partition("[")[2].partition("]")[0].strip()

    def moved(self, folder: Path) -> list[Dataset]:
        with storescp(folder, self._port):
            keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={self.study}"]
            self._run("movescu", "-aem", "WS1", *keys)
        return [dcmread(path, force=True) for path in folder.iterdir()]

    def got(self, folder: Path) -> list[Dataset]:
        folder.mkdir()
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={self.study}"]
        self._run("getscu", "-od", folder, *keys)
        return [dcmread(path, force=True) for path in folder.iterdir()]

    def exported(self, folder: Path) -> list[Dataset]:
        self.archive.cli("export", self.study, folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return [dcmread(path) for path in files if path.read_bytes()[128:132] == b"DICM"
                and path.name != "DICOMDIR"]  # fmt: skip

    def _run(self, program: str, *words: object) -> str:
        where = ("127.0.0.1", str(self.archive.dicom_port))
        done = foreign.run(
            program, "-v", "-S", "-aet", "WS1", "-aec", "ISOCENTER", *map(str, words), *where
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout + done.stderr)


def name_in(document: dict[str, Any]) -> str:
    value: str = document["00100010"]["Value"][0]["Alphabetic"]
    return value


def names(found: list[Dataset]) -> set[str]:
    assert found
    return {str(one.PatientName) for one in found}


def test_an_edited_study_looks_edited_to_every_client_and_undone_as_it_was(
    archive: Commanded, port: int, tmp_path: Path
) -> None:
    study = give_study(archive.url, 2)
    series = archive.get(f"/dicom-web/studies/{study}/series").json()[0]["0020000E"]["Value"][0]
    reader = Reader(archive, study, port, tmp_path)
    poll(lambda: reader.name_by_qido() == "Doe^Jane", 10)
    before = {one.SOPInstanceUID: one.PixelData for one in reader.got(tmp_path / "before")}
    made = archive.json("correct", study, "--set", "PatientName=Roe^Jane", "--reason", "misspelt")
    poll(lambda: reader.name_by_qido() == "Roe^Jane", 10)
    late = tmp_path / "late.dcm"
    late.write_bytes(part10(fresh_uid(), study, series))
    sent = foreign.run("storescu", "-aec", "ISOCENTER", "127.0.0.1", archive.dicom_port, late)
    assert sent.returncode == 0, sent.stderr
    poll(lambda: len(archive.get(f"/dicom-web/studies/{study}/instances").json()) == 3, 10)
    during = reader.all("during")
    assert during == {client: {"Roe^Jane"} for client in during}
    arrived = reader.got(tmp_path / "arrived")
    assert len(arrived) == 3
    for one in arrived:
        [item] = one.OriginalAttributesSequence
        assert item.ModifiedAttributesSequence[0].PatientName == "Doe^Jane"
        assert one.PixelData == before.get(one.SOPInstanceUID, one.PixelData)
    [line] = archive.json("history", study)
    assert (line["correction_id"], line["reason"]) == (made["correction_id"], "misspelt")
    assert "Taken back" in archive.cli("undo", made["correction_id"]).stdout
    poll(lambda: reader.name_by_qido() == "Doe^Jane", 10)
    after = reader.all("after")
    assert after == {client: {"Doe^Jane"} for client in after}
    assert not any("OriginalAttributesSequence" in one for one in reader.got(tmp_path / "again"))


def test_a_study_moves_to_another_patient_and_back(
    archive: Commanded, port: int, tmp_path: Path
) -> None:
    study, other = give_study(archive.url), fresh_uid()
    give(archive.url, of_patient(other, "Moe^Max", "4712"))
    reader = Reader(archive, study, port, tmp_path)
    poll(lambda: len(archive.get("/dicom-web/studies", params={"PatientID": "4712"}).json()) == 1)
    done = archive.cli("move", study, "--to-patient-of", other, given="y\n").stdout
    assert "4712, Moe^Max" in done
    poll(lambda: reader.name_by_qido() == "Moe^Max", 10)
    moved = reader.moved(tmp_path / "moved")
    assert {(one.PatientID, str(one.PatientName)) for one in moved} == {("4712", "Moe^Max")}
    found = archive.get("/dicom-web/studies", params={"PatientID": "4712"}).json()
    assert len(found) == 2
    refused = archive.cli("correct", study, "--set", "PatientID=1", code=1)
    assert "moving" in refused.stderr
    [line] = archive.json("history", study)
    archive.cli("undo", line["correction_id"])
    poll(lambda: reader.name_by_qido() == "Doe^Jane", 10)
    assert archive.cli("history", study).stdout.count("moved") == 1


def test_what_came_for_another_patient_is_linked_and_shown_as_the_studys_own(
    archive: Commanded,
) -> None:
    study = give_study(archive.url)
    stray = part10(fresh_uid(), study, fresh_uid(), name="Doe^J").replace(b"4711", b"4713")
    give(archive.url, stray)
    poll(lambda: len(archive.json("held", "list")) == 1)
    [hold] = archive.json("held", "list")
    archive.cli("held", "link", hold["hold_id"], "--reason", "typed wrongly")
    path = f"/dicom-web/studies/{study}/metadata"
    poll(lambda: len(archive.get(path).json()) == 2)
    found = archive.get(path).json()
    assert {(name_in(one), one["00100020"]["Value"][0]) for one in found} == {("Doe^Jane", "4711")}
    assert archive.get("/dicom-web/studies", params={"PatientID": "4713"}).json() == []


def of_patient(study: str, name: str, patient_id: str) -> bytes:
    """The usual instance, of somebody else."""
    content = part10(fresh_uid(), study, fresh_uid(), name=name)
    return content.replace(b"4711", patient_id.encode())

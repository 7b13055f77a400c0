"""A corrected study looks corrected in every answer about it, and after undoing it is byte by byte what it was."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from tests.support.archive import Archive
from tests.support.corrections import row as correction
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.streaming import Serving, streaming
from tests.support.wado import AS_STORED, parts

from isocenter.ports.index_rows import CorrectionRow, IndexBatch, InstanceRow

SLICES = 3


class World:
    """Some slices of a CT, served."""

    def __init__(self, archive: Archive, serving: Serving, rows: list[InstanceRow]) -> None:
        self.archive = archive
        self.serving = serving
        self.rows = rows
        self.row = rows[0]
        self.study = f"/studies/{self.row.study_instance_uid}"
        self.series = f"{self.study}/series/{self.row.series_instance_uid}"
        self.instance = f"{self.series}/instances/{self.row.sop_instance_uid}"

    def write(self, made: CorrectionRow) -> None:
        """Until the answers are others."""
        before = self.get(f"{self.instance}/metadata").headers["etag"]
        self.archive.index.write(IndexBatch(corrections=[made]))
        self.archive.sum_up()
        deadline = time.monotonic() + 5
        while self.get(f"{self.instance}/metadata").headers["etag"] == before:
            assert time.monotonic() < deadline

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        answer = httpx.get(f"{self.serving.dicomweb}{path}", headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(root: Path) -> Iterator[World]:
    real_files()
    paths = sorted((TEST_DATA / "files" / "ct_lidc_0314").iterdir())[:SLICES]
    with Archive(root) as archive:
        rows = archive.put_all(paths)
        with streaming(archive) as serving:
            yield World(archive, serving, rows)


def made_of(world: World) -> CorrectionRow:
    return correction(
        1, world.row.study_instance_uid, PatientName="Roe^Jane", StudyDescription="thorax"
    )


FORMS = [
    "application/dicom; transfer-syntax=*",
    "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
    "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80",
]


@pytest.mark.parametrize("accept", FORMS)
def test_a_file_shows_the_correction_in_every_form_and_its_pixels_are_the_same(
    world: World, accept: str
) -> None:
    before = dcmread(BytesIO(world.get(world.instance, accept).content))
    world.write(made_of(world))
    after = dcmread(BytesIO(world.get(world.instance, accept).content))
    assert (after.PatientName, after.StudyDescription) == ("Roe^Jane", "thorax")
    [item] = after.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].PatientName == before.PatientName
    assert after.PixelData == before.PixelData
    changed = {"PatientName", "StudyDescription", "OriginalAttributesSequence"}
    kept = [e for e in before if e.keyword not in changed and e.tag.element]
    assert all(after[e.tag].value == e.value for e in kept)


def test_a_whole_study_and_series_show_it_and_ranges_count_from_its_first_byte(
    world: World,
) -> None:
    world.write(made_of(world))
    for path in (world.study, world.series):
        found = parts(world.get(path, AS_STORED))
        assert len(found) == SLICES
        assert {str(dcmread(BytesIO(one)).PatientName) for one in found} == {"Roe^Jane"}
    whole = world.get(world.instance, FORMS[0]).content
    headers = {"Accept": FORMS[0], "Range": "bytes=100-4999"}
    part = httpx.get(f"{world.serving.dicomweb}{world.instance}", headers=headers)
    assert (part.status_code, part.content) == (206, whole[100:5000])


def test_metadata_header_search_and_picture_show_it(world: World) -> None:
    picture = world.get(f"{world.instance}/rendered").content
    world.write(made_of(world))
    metadata = world.get(f"{world.series}/metadata").json()
    assert {one["00100010"]["Value"][0]["Alphabetic"] for one in metadata} == {"Roe^Jane"}
    assert all(one["04000561"]["Value"] for one in metadata)
    base = world.serving.url
    header = httpx.get(f"{base}/api{world.instance}/header").json()
    assert "Roe^Jane" in str(header["elements"])
    for level in ("studies", "series", "instances"):
        path = f"/{level}?includefield=all&PatientName=Roe^Jane"
        found = world.get(path).json()
        assert found, level
        assert {one["00100010"]["Value"][0]["Alphabetic"] for one in found} == {"Roe^Jane"}
        gone = httpx.get(f"{world.serving.dicomweb}/{level}?PatientName=Doe^Jane").json()
        assert gone == []
    narrow = world.get("/instances?includefield=PatientName").json()
    assert "04000561" not in narrow[0]
    assert world.get(f"{world.instance}/rendered").content == picture


PATHS = [
    "/studies", "/studies?includefield=all", "/series?includefield=all", "/instances?includefield=all",
]  # fmt: skip


def everything(world: World) -> list[Any]:
    """Bodies and entity tags of all kinds of answers."""
    paths = [f"{world.study}/metadata", f"{world.instance}/metadata", *PATHS, world.study]
    answers = [world.get(path) for path in paths]
    answers += [world.get(world.instance, accept) for accept in FORMS]
    answers.append(world.get(f"{world.instance}/frames/1"))
    return [(one.content, one.headers.get("etag")) for one in answers]


def test_undo_brings_back_every_byte_and_every_entity_tag(world: World) -> None:
    before = everything(world)
    made = made_of(world)
    world.write(made)
    during = everything(world)
    assert all(one != other for one, other in zip(before[:-1], during[:-1], strict=True))
    assert before[-1][0] == during[-1][0]  # frames are pixels
    assert before[-1][1] != during[-1][1]
    world.write(replace(made, undone_version=made.version + 1))
    assert everything(world) == before

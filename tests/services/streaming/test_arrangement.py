"""A study's series in familiar order over HTTP, of real files in a real index."""

import json
from pathlib import Path

import httpx
import pytest
from tests.services.streaming.conftest import Served
from tests.support.archive import Archive
from tests.support.commanded import command
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.streaming import streaming

from isocenter.ports.index_rows import Flags, IndexBatch

CT = "ct_lidc_0314/000267.dcm"
ENHANCED = "enhanced/mf.dcm"
FILES = TEST_DATA / "files" / "ct_lidc_0314"


@pytest.fixture
def address(served: Served) -> str:
    study = served.instance(CT).study_instance_uid
    return f"{served.serving.url}/api/studies/{study}/arrangement"


def test_slices_of_a_series_come_in_order_with_what_it_is(served: Served, address: str) -> None:
    answer = httpx.get(address)
    assert answer.headers["content-type"] == "application/json"
    assert "no-cache" in answer.headers["cache-control"]
    (series,) = answer.json()["series"]
    row = served.instance(CT)
    assert series["seriesInstanceUID"] == row.series_instance_uid
    assert (series["modality"], series["plane"], series["spacingMm"]) == ("CT", "axial", 1.0)
    assert series["sequence"] is None
    assert series["warnings"] == []
    positions = [one["positionMm"] for one in series["instances"]]
    assert positions == sorted(positions)
    assert len(positions) == 26
    assert {(one["frames"], one["stack"]) for one in series["instances"]} == {(1, 1)}
    assert row.sop_instance_uid in {one["sopInstanceUID"] for one in series["instances"]}


def test_frames_of_an_enhanced_image_come_in_order(served: Served) -> None:
    row = served.instance(ENHANCED)
    url = f"{served.serving.url}/api/studies/{row.study_instance_uid}/arrangement"
    (series,) = httpx.get(url).json()["series"]
    (one,) = series["instances"]
    assert one["frames"] == 3
    positions = [place["positionMm"] for place in one["frameOrder"]]
    assert positions == sorted(positions)
    assert {place["frame"] for place in one["frameOrder"]} == {1, 2, 3}


def test_who_has_the_arrangement_is_told_so(address: str) -> None:
    tag = httpx.get(address).headers["etag"]
    again = httpx.get(address, headers={"if-none-match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_what_arrives_and_what_is_hidden_shows_in_the_next_answer(tmp_path: Path) -> None:
    real_files()
    with Archive(tmp_path) as archive, streaming(archive) as serving:
        first, second, third = sorted(FILES.iterdir())[:3]
        row = archive.put_file(first)
        archive.put_file(second)
        url = f"{serving.url}/api/studies/{row.study_instance_uid}/arrangement"

        def shown() -> tuple[str, int]:
            answer = httpx.get(url)
            (series,) = answer.json()["series"]
            return answer.headers["etag"], len(series["instances"])

        before = shown()
        archive.put_file(third)
        between = shown()
        gone = Flags(row.sop_instance_uid, row.digest, current=True, held=False, deleted=True)
        archive.index.write(IndexBatch(flags=[gone]))
        after = shown()
        assert (before[1], between[1], after[1]) == (2, 3, 2)
        assert len({before[0], between[0], after[0]}) == 3


def test_a_study_that_is_not_here_has_none(served: Served) -> None:
    assert httpx.get(f"{served.serving.url}/api/studies/1.2.3.4/arrangement").status_code == 404
    assert httpx.get(f"{served.serving.url}/api/studies/x/arrangement").status_code == 400


def test_every_study_of_the_archive_can_be_arranged(served: Served) -> None:
    rows = served.archive.rows.values()
    for study in {row.study_instance_uid for row in rows}:
        answer = httpx.get(f"{served.serving.url}/api/studies/{study}/arrangement")
        found = {
            one["sopInstanceUID"]
            for series in answer.json()["series"]
            for one in series["instances"]
        }
        assert found == {row.sop_instance_uid for row in rows if row.study_instance_uid == study}


def test_the_command_tells_the_series_of_a_study(served: Served, tmp_path: Path) -> None:
    row = served.instance(CT)
    words = ("--url", served.serving.url, "series", row.study_instance_uid)
    said = command(tmp_path, *words).stdout
    assert "axial" in said
    assert row.series_instance_uid in said
    found = json.loads(command(tmp_path, "--json", *words).stdout)
    assert len(found["series"][0]["instances"]) == 26

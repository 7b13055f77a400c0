"""The quick viewer at `/quick`, as a radiologist drives it; what it shows is compared with the samples' own pixels."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import KeyObjectSelectionDocumentStorage
from tests.browser import hung, kinds
from tests.browser.conftest import Drive, is_packed, picture, says, send
from tests.browser.greys import Grey, sampled, windowed
from tests.support.platform import Platform
from tests.support.slow_line import slow_line

from isocenter.embedded.samples import phantom, studies

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

GEOMETRY = phantom.Geometry()
MIDDLE = 60  # slice from the feet; the rod along x lies in it
VESSEL_MM, VESSEL_RADIUS_MM = (14.0, 30 + 6 * float(np.sin(1.25 / 30)), 1.25), 7.0
NAMES = {
    "phantom iso": "Phantom Iso",
    "iso phan": "Phantom Iso",
    "太郎": "Yamada Tarou",
    "ISO-2026-0302": "Phantom Iso",
    "PHANTOM-1": "Phantom Iso",
    "2026-03-02": "Phantom Iso",
    "12345": "North Nora",
    "mr": "CompressedSamples MR1",
}


def uid_of(study: studies.PhantomStudy) -> str:
    return studies._uid(study.date)


@pytest.fixture(scope="module")
def platform(quick_platform: Platform) -> Platform:
    return quick_platform


@pytest.fixture(scope="module")
def quick(platform: Platform, drive: Drive) -> Any:
    vessel = json.dumps(VESSEL_MM)
    return drive("quick.mjs", platform.url, "|".join(NAMES), vessel, str(VESSEL_RADIUS_MM))


def pictures(screenshot: Path, corners: list[list[float]]) -> tuple[Grey, Grey, Grey]:
    """What the screenshot shows of the middle slice, what it has to show, and another slice."""
    voxels = phantom.volume(
        GEOMETRY, lesion_radius_mm=studies.CURRENT.lesion_radius_mm, seed=studies.CURRENT.seed
    )
    (left, top), (right, bottom) = corners
    seen = np.asarray(Image.open(screenshot).convert("L"), dtype=np.float64)
    ys = np.arange(round(top) + 90, round(bottom) - 90)  # between the texts in the corners
    xs = np.arange(round(left) + 40, round(right) - 40)
    scale = (GEOMETRY.columns - 1) / (right - left)
    rows = ((ys + 0.5 - top) * scale).astype(np.float64)
    columns = ((xs + 0.5 - left) * scale).astype(np.float64)
    meant, other = (
        sampled(windowed(voxels[number].astype(np.float64)), rows, columns)
        for number in (MIDDLE, MIDDLE + 12)
    )
    return seen[np.ix_(ys, xs)], meant, other


def test_the_worklist_is_searched_as_one_types(quick: Any) -> None:
    for typed, name in NAMES.items():
        rows = quick["found"][typed]
        assert 0 < len(rows) < len(quick["all"]), typed
        assert any(row.startswith(name) for row in rows), (typed, rows)


def test_the_newest_study_is_the_first(quick: Any) -> None:
    dated = [date for date in quick["dates"] if date]
    assert dated == sorted(dated, reverse=True)


def test_keys_lead_into_a_study_and_back_to_its_row(quick: Any) -> None:
    assert quick["url"].endswith(f"/quick/?study={quick['chosen']}")
    assert quick["back"].endswith("/quick/")
    assert quick["returned"] == quick["chosen"]


def test_wheel_and_keys_scroll(quick: Any) -> None:
    assert quick["start"]["place"] == "61/120"
    assert quick["wheeled"]["place"] == "62/120"
    assert quick["paged"]["place"] == "11/120"
    assert quick["played"]["place"] != "61/120"


def test_the_picture_is_that_of_the_data_set(quick: Any, drive: Any) -> None:
    middle = quick["middle"]
    assert (middle["place"], middle["width"], middle["center"]) == ("61/120", 400, 40)
    half = (GEOMETRY.slices - 1) / 2 * GEOMETRY.slice_spacing_mm
    assert round((quick["z"] + half) / GEOMETRY.slice_spacing_mm) == MIDDLE
    shown, expected, other = pictures(drive.folder / "quick-stack.png", quick["corners"])
    assert shown.size > 300_000
    assert np.abs(shown - expected).mean() < 4
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.99
    assert np.abs(shown - other).mean() > np.abs(shown - expected).mean() * 1.5


def test_keys_and_dragging_change_the_window(quick: Any) -> None:
    assert (quick["lung"]["width"], quick["lung"]["center"]) == (1500, -600)
    assert (quick["own"]["width"], quick["own"]["center"]) == (400, 40)
    assert quick["windowed"]["width"] > 400
    assert quick["windowed"]["center"] > 40


def test_letters_follow_turning_and_mirroring(quick: Any) -> None:
    start = quick["letters"]["start"]
    assert (start["left"], start["right"], start["top"], start["bottom"]) == ("R", "L", "A", "P")
    for name, seen in quick["letters"].items():
        assert seen[seen["front"]] == "A", name
        edges = [seen[edge] for edge in ("left", "right", "top", "bottom")]
        assert sorted(edges) == ["A", "L", "P", "R"], name
    assert quick["letters"]["turned"]["front"] in ("left", "right")
    assert quick["letters"]["reset"] == start


def test_a_rod_of_100_mm_measures_100_mm(quick: Any) -> None:
    number, unit = quick["length"][0].split()
    assert float(number) == pytest.approx(100, abs=GEOMETRY.pixel_spacing_mm)
    assert unit == "mm"


def test_a_region_says_what_is_in_it(quick: Any) -> None:
    mean, deviation = map(float, re.findall(r"[\d.]+", quick["region"][0]))
    assert mean == pytest.approx(phantom.VESSEL_HU, abs=3)
    assert deviation == pytest.approx(9, abs=2)
    assert quick["region"][0].endswith("HU")
    area = float(quick["region"][2].split()[0])
    assert area == pytest.approx(np.pi * VESSEL_RADIUS_MM**2, rel=0.1)


def test_a_prior_lies_beside_its_study_and_goes_with_it(platform: Platform, drive: Drive) -> None:
    found = drive("quick_compare.mjs", platform.url, uid_of(studies.CURRENT), "1.2.30")
    assert found["abouts"] == [
        "2026-09-14 · CT Abdomen, follow-up (phantom)",
        "2026-03-02 · CT Abdomen (phantom)",
    ]
    assert len(found["alone"]) == 1
    assert ["North older" in prior for prior in found["others"]] == [True]
    assert all("samepatientas=" in url for url in found["asked"])


def test_a_telephone_shows_the_same_by_touch(platform: Platform, drive: Drive) -> None:
    found = drive("quick_phone.mjs", platform.url, uid_of(studies.CURRENT))
    for page in (found["list"], found["study"]):
        assert page["width"] <= page["screen"]
    assert found["scrolled"]["place"] != found["start"]["place"]
    boxes = found["boxes"]
    assert boxes["panes"]["height"] > 380
    assert boxes["side"]["bottom"] <= 844


def test_on_a_slow_line_every_slice_is_there_soon_and_becomes_better(
    platform: Platform, drive: Any
) -> None:
    study = uid_of(studies.CURRENT)
    platform.until(lambda: is_packed(platform, studies.CURRENT), 120)
    with slow_line(platform.http_port, bytes_per_s=100e3, round_trip_s=0.04) as url:
        found = drive("quick_stream.mjs", url, study)
    assert found["first"]["place"] == "61/120"
    assert "0" not in found["early"]
    shown, expected, other = pictures(drive.folder / "quick-preview.png", found["corners"])
    blurred = np.abs(shown - expected).mean()
    assert blurred < np.abs(shown - other).mean()
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.9
    assert found["middle"]["0"] < 120  # the last slice was whole long before the others
    assert "focus=119" in found["streams"][-1]
    assert "have=" in found["streams"][-1]
    assert found["frames"] == []


def test_a_study_hangs_by_its_protocol(platform: Platform, drive: Drive) -> None:
    for ds in kinds.phases("phases"):
        send(platform, kinds.packed(ds))
    platform.until(lambda: platform.state()["lag"] == 0, 30)
    found = drive("quick_hanging.mjs", platform.url, kinds.study_of("phases"))
    labels = [pane["label"] for pane in found["hung"]]
    for label, phase in zip(labels, ("native", "arterial", "portal venous"), strict=True):
        assert phase in label
    assert {pane["window"] for pane in found["hung"]} == {"W 150 L 90"}
    assert [pane["label"] for pane in found["alone"]] == [labels[1]]
    assert found["again"] == found["hung"]
    assert "CT of several phases" in found["offered"]


HUNG = {
    "mr brain": (hung.mr_brain, ["T1", "T2", "FLAIR", "DWI b1000"]),
    "ct trauma": (hung.ct_trauma, ["soft, axial", "bone, axial", "coronal", "sagittal"]),
    "mammography": (hung.mammography, ["MG RCC", "MG LCC", "MG RMLO", "MG LMLO"]),
    "radiographs": (hung.radiographs, ["DX PA", "DX LL"]),
}


@pytest.fixture(scope="module")
def hanging(platform: Platform, drive: Drive) -> Any:
    """What is seen of a study of each protocol."""
    for name, (made, _) in HUNG.items():
        for ds in made(name):
            send(platform, kinds.packed(ds))
    platform.until(lambda: platform.state()["lag"] == 0, 30)
    asked = [(name, kinds.study_of(name), len(labels)) for name, (_, labels) in HUNG.items()]
    return drive("quick_hung.mjs", platform.url, json.dumps(asked))["found"]


@pytest.mark.parametrize("name", HUNG)
def test_each_protocol_hangs_its_series_where_they_belong(hanging: Any, name: str) -> None:
    _, labels = HUNG[name]
    assert len({pane["series"] for pane in hanging[name]}) == len(labels)
    for pane, label in zip(hanging[name], labels, strict=True):
        assert label in pane["label"]
        center, width = map(float, re.findall(r"-?\d+", pane["window"])[::-1])
        value = 100 * int(pane["series"].rpartition(".")[2])
        meant = windowed(np.asarray([float(value)]), width=width, center=center)[0]
        assert abs(pane["grey"] - meant) <= 2, label


def test_three_planes_are_cut_of_a_series(platform: Platform, drive: Drive) -> None:
    found = drive("quick_planes.mjs", platform.url, uid_of(studies.CURRENT))
    assert found["letters"][:3] == ["RLAP", "RLHF", "APHF"]
    assert says(found["length"], 100, "mm")
    on, beside = found["rod"]
    assert on - beside > 150
    assert found["moved"]["axial"][2] == pytest.approx(100, abs=3)
    assert found["moved"]["sagittal"][0] == pytest.approx(30, abs=2)
    assert found["told"] == "20 mm MIP · W 1800 L 450"


def test_a_rod_that_lies_aslant_in_an_oblique_plane_has_its_length(
    platform: Platform, drive: Drive
) -> None:
    found = drive("quick_oblique.mjs", platform.url, uid_of(studies.CURRENT))
    (x, y), (to_x, to_y) = found["ends"]
    assert min(abs(to_x - x), abs(to_y - y)) > 20  # aslant
    number, unit = found["length"][0].split()
    assert float(number) == pytest.approx(100, abs=GEOMETRY.slice_spacing_mm)
    assert unit == "mm"


def test_key_images_are_stored_as_a_document_that_others_read(
    platform: Platform, drive: Drive
) -> None:
    study = uid_of(studies.PRIOR)
    found = drive("quick_keys.mjs", platform.url, study)
    assert found["offered"] == "Save 2 key images"
    assert "★" in found["again"]["text"]
    assert "★" not in found["other"]["text"]
    answer = httpx.get(f"{platform.url}/dicom-web/studies/{study}/instances?Modality=KO")
    (listed,) = answer.json()
    uids = [listed[tag]["Value"][0] for tag in ("0020000E", "00080018")]
    answer = httpx.get(
        f"{platform.url}/dicom-web/studies/{study}/series/{uids[0]}/instances/{uids[1]}",
        headers={"Accept": "application/dicom"},
    )
    ds = pydicom.dcmread(io.BytesIO(answer.content))
    assert ds.SOPClassUID == KeyObjectSelectionDocumentStorage
    assert ds.ConceptNameCodeSequence[0].CodeMeaning == "Of Interest"
    assert (ds.PatientName, ds.PatientID, ds.IssuerOfPatientID) == (
        "Phantom^Iso",
        "PHANTOM-1",
        studies.ISSUER,
    )
    (evidence,) = ds.CurrentRequestedProcedureEvidenceSequence
    referred = {one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in ds.ContentSequence}
    (series,) = evidence.ReferencedSeriesSequence
    assert {one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence} == referred
    assert referred == {studies._uid(studies.PRIOR.date, "1", str(slice_)) for slice_ in (60, 61)}
    header = httpx.get(
        f"{platform.url}/api/studies/{study}/series/{uids[0]}/instances/{uids[1]}/header"
    )
    assert header.json()["findings"] == []


def test_marks_are_not_lost_without_a_question(platform: Platform, drive: Drive) -> None:
    study = uid_of(studies.CURRENT)
    found = drive("quick_leaving.mjs", platform.url, study)
    question = "1 key image is marked and not saved. Leave without saving?"
    assert found["asked"] == [question] * 3
    url, text = found["stayed"]
    assert url == found["stillThere"] == f"{platform.url}/quick/?study={study}"
    assert "★" in text
    assert found["left"] == f"{platform.url}/quick/"


def test_what_arrives_appears_in_the_list(platform: Platform, drive: Drive) -> None:
    arriving = base64.b64encode(picture("1.2.62.1", name="Just^Arrived", patient_id="NEW-2"))
    found = drive("quick_arrives.mjs", platform.url, arriving.decode())
    assert found["before"] == found["after"]
    assert found["before"]


def test_an_image_that_cannot_be_shown_is_not_taken_for_another(
    platform: Platform, drive: Drive
) -> None:
    for content in kinds.broken("broken"):
        send(platform, content)
    platform.until(lambda: platform.state()["lag"] == 0, 30)
    found = drive("quick_broken.mjs", platform.url, kinds.study_of("broken"))
    assert found["broken"]["place"] == "2/2"
    assert "cannot be shown" in found["broken"]["message"]
    assert (found["before"], found["during"], found["after"]) == (True, False, True)

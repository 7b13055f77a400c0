"""The viewer at `/viewer`, as a radiologist drives it; what it shows is compared with the samples' own pixels."""

from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import HTJ2KLosslessRPCL
from tests.browser.conftest import Drive, is_packed
from tests.browser.greys import sampled, windowed
from tests.support.platform import Platform

from isocenter.embedded.samples import phantom, studies

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

GEOMETRY = phantom.Geometry()
WINDOW_WIDTH, WINDOW_CENTER = 400, 40


def uid_of(study: studies.PhantomStudy) -> str:
    return studies._uid(study.date)


CURRENT, PRIOR = uid_of(studies.CURRENT), uid_of(studies.PRIOR)


@pytest.fixture(scope="module")
def stack(platform: Platform, drive: Drive) -> Any:
    platform.until(lambda: is_packed(platform, studies.CURRENT), 120)
    return drive("stack.mjs", platform.url, CURRENT)


def test_the_viewer_opens_on_the_worklist(platform: Platform, drive: Drive) -> None:
    found = drive("list.mjs", platform.url)
    assert "CT Abdomen, follow-up (phantom)" in found["text"]
    assert "やまだ" in found["text"]


def test_the_wheel_and_the_keys_scroll(stack: Any) -> None:
    assert stack["start"]["place"] == "1/120"
    assert stack["wheeled"]["place"] == "2/120"
    assert stack["keyed"]["place"] == "3/120"


def test_the_picture_is_that_of_the_data_set(stack: Any, drive: Any) -> None:
    middle = stack["middle"]
    assert (middle["place"], middle["width"], middle["center"]) == ("60/120", 400, 40)
    voxels = phantom.volume(
        GEOMETRY,
        lesion_radius_mm=studies.CURRENT.lesion_radius_mm,
        seed=studies.CURRENT.seed,
    )
    half = (GEOMETRY.slices - 1) / 2 * GEOMETRY.slice_spacing_mm
    number = round((stack["corners"]["z"] + half) / GEOMETRY.slice_spacing_mm)
    assert number == 60  # the 60th from the head

    (left, top), (right, bottom) = stack["corners"]["first"], stack["corners"]["last"]
    seen = np.asarray(Image.open(drive.folder / "stack.png").convert("L"), dtype=np.float64)
    ys = np.arange(round(top) + 90, round(bottom) - 90)  # between the texts in the corners
    xs = np.arange(round(left) + 20, round(right) - 40)
    scale = (GEOMETRY.columns - 1) / (right - left)
    expected = sampled(
        windowed(voxels[number].astype(np.float64)),
        (ys + 0.5 - top) * scale,
        (xs + 0.5 - left) * scale,
    )
    shown = seen[np.ix_(ys, xs)]
    assert shown.size > 300_000
    assert np.abs(shown - expected).mean() < 4
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.99
    other = sampled(
        windowed(voxels[number + 12].astype(np.float64)),
        (ys + 0.5 - top) * scale,
        (xs + 0.5 - left) * scale,
    )
    assert np.abs(shown - other).mean() > np.abs(shown - expected).mean() * 1.5


def test_frames_come_out_of_the_streaming_rendition(stack: Any) -> None:
    (kind,) = stack["frames"]
    assert 'type="image/jphc"' in kind
    assert HTJ2KLosslessRPCL in kind


def test_a_rod_of_100_mm_measures_100_mm(stack: Any) -> None:
    assert float(stack["length"].split()[0]) == pytest.approx(100, abs=GEOMETRY.pixel_spacing_mm)
    assert stack["length"].endswith("mm")


def test_dragging_changes_window_and_level(stack: Any) -> None:
    assert stack["windowed"]["width"] > WINDOW_WIDTH
    assert stack["windowed"]["center"] > WINDOW_CENTER


def test_three_planes_are_made_of_one_series(platform: Platform, drive: Drive) -> None:
    found = drive("planes.mjs", platform.url, CURRENT, "mpr", "1000", "640", "3")
    planes = sorted(one["orientation"] for one in found["seen"])
    assert planes == ["axial", "coronal", "sagittal"]
    assert all(one["share"] > 0.05 for one in found["seen"])
    assert "(60/120)" in found["text"] or "(61/120)" in found["text"]


def test_the_phantom_is_shown_in_three_dimensions(platform: Platform, drive: Drive) -> None:
    found = drive("planes.mjs", platform.url, CURRENT, "fourUp", "640", "420", "4")
    assert [one["type"] for one in found["seen"]].count("volume3d") == 1


def test_a_study_lies_beside_its_prior(platform: Platform, drive: Drive) -> None:
    both = f"{CURRENT},{PRIOR}"
    found = drive("planes.mjs", platform.url, both, "@ohif/hpCompare", "1200", "800", "2")
    assert "14-Sep-2026 Axial 2.5 mm" in found["text"]
    assert "02-Mar-2026 Axial 2.5 mm" in found["text"]


def test_priors_beside_a_study_are_its_own_patients(platform: Platform, drive: Drive) -> None:
    found = drive("opens.mjs", platform.url, "1.2.30", "1.2.32", "1.2.39", CURRENT)["studies"]
    north, south, nobody, iso = (
        found["1.2.30"], found["1.2.32"], found["1.2.39"], found[CURRENT],
    )  # fmt: skip
    assert "North knee" in north["text"]
    assert "North older" in north["text"]
    assert "South hip" not in north["text"]
    assert "South hip" in south["text"]
    assert "North" not in south["text"]
    assert "no id" in nobody["text"]
    assert "CT Abdomen (phantom)" in iso["text"]
    by_id = [url for url in north["asked"] if "00100020=" in url]
    assert by_id
    assert all("samepatientas=1.2.30" in url for url in by_id)


def test_unusual_studies_do_not_break_the_viewer(platform: Platform, drive: Drive) -> None:
    listed = httpx.get(f"{platform.url}/dicom-web/studies", params={"limit": "200"}).json()
    kinds = {"SR", "ECG", "SEG", "RTPLAN", "RTDOSE", "NM", "US"}
    chosen: dict[str, str] = {}
    for study in listed:
        for modality in study["00080061"].get("Value", ()):
            if modality in kinds:
                chosen[modality] = study["0020000D"]["Value"][0]
    assert chosen.keys() == kinds
    words = [
        f"-{study}" if modality in ("SR", "SEG", "RTPLAN") else study
        for modality, study in chosen.items()
    ]
    found = drive("opens.mjs", platform.url, *words)["studies"]
    for modality, study in chosen.items():
        assert modality in found[study]["text"]
        assert "Something went wrong" not in found[study]["text"], modality

"""Every kind of pixel in the quick viewer: greys, colours, lengths and regions are those of what was stored."""

import io
import json
import re
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from pydicom.uid import HTJ2KLosslessRPCL
from tests.browser import kinds
from tests.browser.conftest import Drive, says, send
from tests.browser.greys import windowed
from tests.support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def platform(quick_platform: Platform) -> Platform:
    return quick_platform


def compressed(platform: Platform, plain: pydicom.Dataset, name: str) -> bytes:
    """The data set in HTJ2K as the platform writes it, in a study of its own."""
    path = "/".join(
        ("studies", plain.StudyInstanceUID, "series", plain.SeriesInstanceUID, "instances")
    )
    answer = httpx.get(
        f"{platform.url}/dicom-web/{path}/{plain.SOPInstanceUID}",
        headers={"Accept": f"application/dicom; transfer-syntax={HTJ2KLosslessRPCL}"},
    )
    answer.raise_for_status()
    ds = pydicom.dcmread(io.BytesIO(answer.content))
    ds.StudyInstanceUID = kinds.study_of(name)
    ds.SeriesInstanceUID, ds.SOPInstanceUID = (f"{ds.StudyInstanceUID}.{n}" for n in (1, 2))
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def shown(platform: Platform, drive: Drive) -> Any:
    """What is drawn of each kind of picture."""
    made = [
        kinds.rgb("rgb", planar=False),
        kinds.rgb("planes", planar=True),
        kinds.ybr("ybr"),
        kinds.palette("palette"),
        kinds.frames_of_colours("frames"),
        kinds.signed("signed"),
        kinds.inverted("inverted"),
        kinds.calibrated("calibrated"),
        kinds.ultrasound("ultrasound"),
        kinds.enhanced("enhanced"),
        kinds.curved("sigmoid", "SIGMOID"),
        kinds.curved("exact", "LINEAR_EXACT"),
        kinds.uptake("uptake"),
        kinds.overlaid("overlaid"),
        kinds.tabled("tabled"),
    ]
    for ds in made:
        send(platform, kinds.packed(ds))
    platform.until(lambda: platform.state()["lag"] == 0, 30)
    for ds in (made[0], made[5]):
        name = f"htj2k-{ds.StudyDescription}"
        send(platform, compressed(platform, ds, name))
    platform.until(lambda: platform.state()["lag"] == 0, 30)
    names = [ds.StudyDescription for ds in made] + ["htj2k-rgb", "htj2k-signed"]
    frame = {"frames": 2, "enhanced": 3}
    asked = [(name, kinds.study_of(name), frame.get(name, 1)) for name in names]
    return drive("quick_kinds.mjs", platform.url, json.dumps(asked))["seen"]


@pytest.mark.parametrize("name", ["rgb", "planes", "ybr", "palette", "frames", "htj2k-rgb"])
def test_colours_are_those_of_the_picture(shown: Any, name: str) -> None:
    for seen, meant in zip(shown[name]["colours"], kinds.COLOURS, strict=True):
        assert np.abs(np.subtract(seen, meant)).max() <= 3, name


@pytest.mark.parametrize("name", ["signed", "htj2k-signed"])
def test_greys_with_a_sign_are_those_of_the_window(shown: Any, name: str) -> None:
    meant = windowed(np.asarray([-160.0, 0, 100, 240]))
    seen = [colour[0] for colour in shown[name]["colours"]]
    assert np.abs(np.subtract(seen, meant)).max() <= 2


def test_windows_may_be_curves_and_exact_lines(shown: Any) -> None:
    values = np.asarray([-160.0, 0, 100, 240])
    meant = {
        "sigmoid": 255 / (1 + np.exp(-4 * (values - 40) / 400)),
        "exact": (((values - 40) / 400 + 0.5) * 255).clip(0, 255),
    }
    for name, greys in meant.items():
        seen = [colour[0] for colour in shown[name]["colours"]]
        assert np.abs(np.subtract(seen, greys)).max() <= 2, name
        assert (shown[name]["width"], shown[name]["center"]) == (400, 40)


def test_values_go_through_their_table(shown: Any) -> None:
    meant = windowed(np.asarray(kinds.TABLE, dtype=np.float64), width=4096, center=2048)
    seen = [colour[0] for colour in shown["tabled"]["colours"]]
    assert np.abs(np.subtract(seen, meant)).max() <= 2
    assert not any("table" in warning for warning in shown["tabled"]["warnings"])


def test_overlays_lie_where_they_belong(shown: Any) -> None:
    assert shown["overlaid"]["drawn"] == [False, True, False, False]
    assert shown["overlaid"]["warnings"] == []
    assert shown["signed"]["drawn"] == [False] * 4


def test_a_region_of_an_uptake_says_it(shown: Any) -> None:
    assert shown["uptake"]["warnings"] == []
    (uptake,) = [line for line in shown["uptake"]["region"] if line.startswith("SUVbw")]
    assert [float(number) for number in re.findall(r"[\d.]+", uptake)] == pytest.approx(
        [4, 0, 4], abs=0.01
    )


def test_a_frame_of_an_enhanced_image_has_its_own_scale_and_place(shown: Any) -> None:
    meant = windowed(np.asarray([0.0, 1000, 1024, 1264]) - 1024 + 100)
    seen = [colour[0] for colour in shown["enhanced"]["colours"]]
    assert np.abs(np.subtract(seen, meant)).max() <= 2
    assert "4.0 mm" in shown["enhanced"]["text"]
    assert says(shown["enhanced"]["length"], 16, "mm")


def test_a_radiograph_may_be_inverted_and_says_where_it_is_measured(shown: Any) -> None:
    meant = 255 - windowed(np.asarray([0.0, 1000, 2000, 4095]), width=4096, center=2048)
    seen = [colour[0] for colour in shown["inverted"]["colours"]]
    assert np.abs(np.subtract(seen, meant)).max() <= 2
    assert shown["inverted"]["letters"] == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    assert says(shown["inverted"]["length"], 8, "mm at detector")
    assert says(shown["calibrated"]["length"], 6.4, "mm calibrated by a fiducial")


def test_lengths_without_a_scale_are_pixels_and_said_to_be(shown: Any) -> None:
    assert says(shown["rgb"]["length"], 32, "px")
    assert shown["rgb"]["length"][1] == "⚠ no scale"
    assert any("lengths are pixels" in warning for warning in shown["rgb"]["warnings"])
    assert says(shown["ultrasound"]["length"], 32, "mm")

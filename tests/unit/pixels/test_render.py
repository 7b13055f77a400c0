"""Samples as pictures."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.images import located

from isocenter.errors import InvalidRequest
from isocenter.pixels.display import Display, display_of
from isocenter.pixels.grey import grey_of
from isocenter.pixels.image import Image
from isocenter.pixels.lut import Lut
from isocenter.pixels.render import render
from isocenter.pixels.rendering import Rendering, Viewport, Window

ELE = "1.2.840.10008.1.2.1"
PNG = "image/png"


def _none(uri: str) -> bytes:
    raise AssertionError(uri)


def _grey(
    values: list[int], display: Display, window: Window | None = None, **given: int
) -> list[int]:
    image = Image(ELE, rows=1, columns=len(values), **given)  # type: ignore[arg-type]
    kind = "<i2" if given.get("pixel_representation") else "<u2"
    samples = np.array([values], kind)
    return [int(value) for value in grey_of(samples, image, display, window)[0]]


def _png(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Picture.open(io.BytesIO(content)))


def test_a_linear_window_is_that_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1: width 256 and centre 128 leave eight-bit values as they are
    assert _grey([0, 1, 100, 255, 300], Display(window=Window(128, 256))) == [0, 1, 100, 255, 255]


def test_a_linear_window_of_width_one_is_a_threshold() -> None:
    assert _grey([9, 10, 11], Display(window=Window(10.5, 1))) == [0, 0, 255]


def test_a_sigmoid_window_has_half_at_its_centre() -> None:
    shown = _grey([0, 50, 100], Display(window=Window(50, 20, "SIGMOID")))
    assert shown[1] == 128
    assert shown[0] < 1
    assert shown[2] > 254


def test_the_asked_window_wins_and_counts_in_rescaled_units() -> None:
    display = Display(slope=2.0, intercept=-1000.0, window=Window(0, 1))
    window = Window(0, 1000, "LINEAR_EXACT")
    assert _grey([250, 500, 750], display, window) == [0, 128, 255]


def test_without_a_window_the_least_is_black_and_the_greatest_white() -> None:
    assert _grey([100, 150, 200], Display()) == [0, 128, 255]
    assert _grey([7, 7, 7], Display()) == [128, 128, 128]


def test_padding_does_not_stretch_the_range() -> None:
    assert _grey([100, 150, 200, 0], Display(padding=0.0))[:3] == [0, 128, 255]


def test_monochrome1_is_the_other_way_round() -> None:
    assert _grey([100, 150, 200], Display(inverse=True)) == [255, 127, 0]


def test_overlay_bits_above_bits_stored_are_not_seen() -> None:
    assert _grey([0xF000, 0x07FF, 0x1FFF], Display(), bits_stored=12) == [0, 127, 255]


def test_a_voi_table_is_used_when_there_is_no_window() -> None:
    table = Lut(10, 8, np.array([0, 255, 100], np.uint16))
    assert _grey([0, 10, 11, 12, 99], Display(voi_lut=table)) == [0, 0, 255, 100, 100]


def test_a_modality_table_comes_before_the_window() -> None:
    table = Lut(-1, 16, np.array([1000, 2000, 3000], np.uint16))
    display = Display(modality_lut=table, window=Window(2000, 2000, "LINEAR_EXACT"))
    assert _grey([-1, 0, 1], display, pixel_representation=1) == [0, 128, 255]


def test_functional_groups_of_the_frame_win() -> None:
    def group(center: int) -> dict[str, object]:
        voi = {"00281050": {"vr": "DS", "Value": [center]}, "00281051": {"vr": "DS", "Value": [10]}}
        return {"00289132": {"vr": "SQ", "Value": [voi]}}

    document = {
        "52009229": {"vr": "SQ", "Value": [group(1)]},
        "52009230": {"vr": "SQ", "Value": [{}, group(2)]},
    }
    assert display_of(document, 1, _none).window == Window(1.0, 10.0)
    assert display_of(document, 2, _none).window == Window(2.0, 10.0)


def test_palette_entries_of_sixteen_bits_become_eight() -> None:
    document: dict[str, Any] = {"00280004": {"vr": "CS", "Value": ["PALETTE COLOR"]}}
    for colour in (1, 2, 3):
        document[f"0028110{colour}"] = {"vr": "US", "Value": [2, 0, 16]}
        document[f"0028120{colour}"] = {"vr": "OW", "BulkDataURI": f"x/0/{colour}"}
    read: Callable[[str], bytes] = lambda uri: bytes([0, 0, 0, int(uri[-1]) * 16])  # noqa: E731
    image = Image(
        ELE, 1, 2, bits_allocated=8, bits_stored=8, photometric_interpretation="PALETTE COLOR"
    )
    shown = _png(render(b"\0\1", image, display_of(document, 1, read), Rendering(PNG)))
    assert shown.tolist() == [[[0, 0, 0], [16, 32, 48]]]


def test_full_range_chroma_becomes_red_green_blue() -> None:
    image = Image(
        ELE,
        1,
        2,
        samples_per_pixel=3,
        bits_allocated=8,
        bits_stored=8,
        photometric_interpretation="YBR_FULL",
    )
    shown = _png(render(bytes([76, 85, 255, 128, 128, 128]), image, Display(), Rendering(PNG)))
    assert shown[0, 1].tolist() == [128, 128, 128]
    assert np.abs(shown[0, 0].astype(int) - [254, 0, 0]).max() <= 1


def test_a_viewport_cuts_scales_and_flips() -> None:
    image = Image(ELE, 2, 4, bits_allocated=8, bits_stored=8)
    frame = bytes([0, 0, 255, 255] * 2)
    display = Display(window=Window(128, 256))
    small = _png(render(frame, image, display, Rendering(PNG, viewport=Viewport(2, 2))))
    assert small.shape == (1, 2)
    right = Viewport(2, 2, 2, 0, 2, 2)
    assert (_png(render(frame, image, display, Rendering(PNG, viewport=right))) == 255).all()
    flipped = Viewport(4, 2, 0, 0, -4, 2)
    assert _png(render(frame, image, display, Rendering(PNG, viewport=flipped)))[0].tolist() == [
        255,
        255,
        0,
        0,
    ]
    with pytest.raises(InvalidRequest):
        render(frame, image, display, Rendering(PNG, viewport=Viewport(2, 2, 50, 50)))


def test_real_images_of_every_colour_model_become_pictures() -> None:
    real_files()
    names = (
        "ct_lidc_0314/000267.dcm", "pydicom_packaged/SC_rgb_jpeg_dcmtk.dcm", "colour/OBXXXX1A_rle.dcm",
        "pydicom_packaged/rtdose_rle.dcm", "derived_objects/liver_j2k.dcm", "luts_overlays/mlut_18.dcm",
        "ts_wg04_us1/US1_J2KR", "pydicom_packaged/SC_rgb_rle_16bit.dcm", "enhanced/emri_small_RLE.dcm",
        "pydicom_packaged/examples_ybr_color.dcm",
    )  # fmt: skip
    for name in names:
        found = located(TEST_DATA / "files" / name)

        def read_bulk(uri: str, content: bytes = found.content) -> bytes:
            offset, length = map(int, uri.split("/")[-2:])
            return content[offset : offset + length]

        display = display_of(json.loads(found.document), 1, read_bulk)
        frame, first_bit = found.frame(1)
        shown = _png(render(frame, found.image, display, Rendering(PNG), first_bit))
        assert shown.shape[:2] == (found.image.rows, found.image.columns)
        assert len(np.unique(shown)) > 1, name


def test_a_ct_slice_in_a_window_has_the_grey_values_of_its_samples() -> None:
    real_files()
    found = located(TEST_DATA / "files" / "ct_lidc_0314" / "000267.dcm")
    frame, _ = found.frame(1)
    window = Window(-450, 2000, "LINEAR_EXACT")
    display = display_of(json.loads(found.document), 1, _none)
    shown = _png(render(frame, found.image, display, Rendering(PNG, window=window)))
    hounsfield = np.frombuffer(frame, "<u2").reshape(512, 512).astype(float) - 1000
    expected = np.clip((hounsfield + 450) / 2000 + 0.5, 0, 1) * 255
    assert np.abs(shown - expected).max() <= 0.5 + 1e-9

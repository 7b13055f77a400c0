"""Objects asked for in a transfer syntax that they are not stored in: lossless, proven, read by another decoder."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from imagecodecs import htj2k_decode
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from tests.services.streaming.conftest import Served, address
from tests.support.wado import parts

from isocenter.dicom.transfer_syntaxes import LOSSLESS_WRITTEN

FILES = (
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "image_dfl.dcm",
    "color-pl.dcm",
)


def asked(syntax: str) -> dict[str, str]:
    return {"Accept": f"application/dicom; transfer-syntax={syntax}"}


def samples_of(found: pydicom.Dataset) -> Any:
    """As pydicom decodes it, or, of HTJ2K which it does not read without a plug-in, the codec library."""
    if found.file_meta.TransferSyntaxUID in LOSSLESS_WRITTEN[:2]:
        frames = list(generate_frames(found.PixelData, number_of_frames=1))
        return htj2k_decode(frames[0], planar=False)
    return pixel_array(found, raw=True)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("syntax", LOSSLESS_WRITTEN)
def test_pixels_are_equal_in_every_syntax(
    served: Served, http: httpx.Client, name: str, syntax: str
) -> None:
    row = served.instance(name)
    answer = http.get(address(row), headers=asked(syntax))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"application/dicom;transfer-syntax={syntax}"
    found = pydicom.dcmread(BytesIO(answer.content))
    assert found.file_meta.TransferSyntaxUID == syntax
    plain = http.get(address(row), headers=asked("1.2.840.10008.1.2.1"))
    expected = pydicom.dcmread(BytesIO(plain.content))
    assert np.array_equal(samples_of(found), pixel_array(expected, raw=True))
    assert {e.tag for e in expected if e.tag.element} == {e.tag for e in found if e.tag.element}


def test_second_request_is_revalidated_and_syntaxes_have_tags_of_their_own(
    served: Served, http: httpx.Client
) -> None:
    path = address(served.instance("JPEG2000.dcm"))
    tags = {s: http.get(path, headers=asked(s)).headers["etag"] for s in LOSSLESS_WRITTEN}
    assert len(set(tags.values())) == len(LOSSLESS_WRITTEN)
    syntax, tag = next(iter(tags.items()))
    again = http.get(path, headers={**asked(syntax), "If-None-Match": tag})
    assert again.status_code == 304


def test_study_comes_in_one_syntax_and_what_has_no_pixels_uncompressed(
    served: Served, http: httpx.Client
) -> None:
    row = served.instance("ct_lidc_0314/" + sorted(
        path.name for path in served.files.values() if path.parent.name == "ct_lidc_0314"
    )[0])  # fmt: skip
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80'
    answer = http.get(f"/studies/{row.study_instance_uid}", headers={"Accept": accept})
    assert answer.status_code == 200
    found = [pydicom.dcmread(BytesIO(content)) for content in parts(answer)]
    syntaxes = {one.file_meta.TransferSyntaxUID for one in found}
    assert "1.2.840.10008.1.2.4.80" in syntaxes
    for one in found:
        has_pixels = "PixelData" in one
        assert one.file_meta.TransferSyntaxUID.endswith(".80" if has_pixels else ".1")


def test_what_cannot_be_compressed_is_refused_unless_something_else_will_do(
    served: Served, http: httpx.Client
) -> None:
    path = address(served.instance("reportsi.dcm"))
    assert http.get(path, headers=asked(LOSSLESS_WRITTEN[0])).status_code == 406
    either = ", ".join(asked(s)["Accept"] for s in (LOSSLESS_WRITTEN[0], "1.2.840.10008.1.2.1"))
    assert http.get(path, headers={"Accept": either}).status_code == 200
    lossy = asked("1.2.840.10008.1.2.4.50")
    assert http.get(path, headers=lossy).status_code == 406

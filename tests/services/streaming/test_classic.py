"""Enhanced objects retrieved as classic images over HTTP, made in real codec processes."""

import io
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset, dcmread
from tests.services.streaming.conftest import Served
from tests.support.archive import Archive
from tests.support.enhanced_images import enhanced, pixels
from tests.support.streaming import streaming
from tests.support.wado import parts

from isocenter.ports.index_rows import InstanceRow

ENHANCED = ("mf.dcm", "eCT_Supplemental.dcm", "emri_small_jpeg_ls_lossless.dcm")
CT = "ct_lidc_0314/000267.dcm"


def retrieved(url: str) -> list[Dataset]:
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    return [dcmread(io.BytesIO(content)) for content in parts(answer)]


def url_of(served: Served, row: InstanceRow, level: str) -> str:
    below = {
        "study": "",
        "series": f"/series/{row.series_instance_uid}",
        "instance": f"/series/{row.series_instance_uid}/instances/{row.sop_instance_uid}",
    }[level]
    return f"{served.serving.url}/api/studies/{row.study_instance_uid}{below}/classic"


@pytest.mark.parametrize("name", ENHANCED)
def test_an_enhanced_object_comes_as_an_image_a_frame(served: Served, name: str) -> None:
    row = served.instance(f"enhanced/{name}")
    images = retrieved(url_of(served, row, "instance"))
    whole = dcmread(served.files[row.sop_instance_uid])
    samples = whole.pixel_array
    assert [image.InstanceNumber for image in images] == list(range(1, whole.NumberOfFrames + 1))
    for image, expected in zip(images, samples, strict=True):
        assert image.file_meta.TransferSyntaxUID == row.transfer_syntax_uid
        assert image.SourceImageSequence[0].ReferencedSOPInstanceUID == row.sop_instance_uid
        assert (image.pixel_array == expected).all()


@pytest.mark.parametrize("level", ["study", "series"])
def test_what_is_classic_comes_as_it_is_stored(served: Served, level: str) -> None:
    row = served.instance(CT)
    url = url_of(served, row, level)
    answer = httpx.get(url, timeout=60)
    plain = httpx.get(url.replace("/api/", "/dicom-web/").removesuffix("/classic"), timeout=60)
    assert set(parts(answer)) == set(parts(plain))
    assert len(parts(answer)) == 26


def test_who_has_the_images_is_told_so(served: Served) -> None:
    url = url_of(served, served.instance("enhanced/mf.dcm"), "instance")
    tag = httpx.get(url).headers["etag"]
    assert httpx.get(url, headers={"if-none-match": tag}).status_code == 304
    plain = url.replace("/api/", "/dicom-web/").removesuffix("/classic")
    assert httpx.get(plain).headers["etag"] != tag


def stored(archive: Archive, whole: Dataset) -> InstanceRow:
    out = io.BytesIO()
    whole.save_as(out, enforce_file_format=True)
    return archive.put(out.getvalue())


def test_an_object_of_many_frames_comes_in_several_steps_and_whole(tmp_path: Path) -> None:
    groups = [{"PlanePositionSequence": {"ImagePositionPatient": [0, 0, n]}} for n in range(150)]
    with Archive(tmp_path) as archive, streaming(archive) as serving:
        row = stored(archive, enhanced("CT", {}, groups))
        images = retrieved(f"{serving.url}/api/studies/{row.study_instance_uid}/classic")
    assert [image.PixelData for image in images] == [pixels(number) for number in range(1, 151)]
    assert [image.ImagePositionPatient[2] for image in images] == list(range(150))


def test_what_cannot_be_divided_comes_as_it_is_stored(tmp_path: Path) -> None:
    broken = enhanced("CT", {}, [{}, {}])
    broken.PixelData = broken.PixelData[:-4]
    with (
        Archive(tmp_path) as archive,
        streaming(archive) as serving,
        streaming(archive, max_decoded_bytes=100) as narrow,
    ):
        row = stored(archive, broken)
        (image,) = retrieved(f"{serving.url}/api/studies/{row.study_instance_uid}/classic")
        assert image.SOPInstanceUID == broken.SOPInstanceUID
        row = stored(archive, enhanced("CT", {}, [{}, {}]))  # larger than is allowed
        (image,) = retrieved(f"{narrow.url}/api/studies/{row.study_instance_uid}/classic")
        assert image.NumberOfFrames == 2


def test_what_is_not_here_is_not_found(served: Served) -> None:
    row = served.instance(CT)
    url = url_of(served, row, "instance").replace(row.sop_instance_uid, "1.2.3")
    assert httpx.get(url).status_code == 404

"""WADO-URI, and pictures of whole series and studies."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from tests.services.streaming.conftest import Served, address
from tests.support.wado import parts

from isocenter.ports.index_rows import InstanceRow


@pytest.fixture
def root(http: httpx.Client) -> str:
    return str(http.base_url).rstrip("/").removesuffix("/dicom-web")


def ask(http: httpx.Client, root: str, row: InstanceRow, **more: Any) -> httpx.Response:
    query = {
        "requestType": "WADO",
        "studyUID": row.study_instance_uid,
        "seriesUID": row.series_instance_uid,
        "objectUID": row.sop_instance_uid,
        **more,
    }
    return http.get(f"{root}/wado", params=query)


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(BytesIO(answer.content))


def test_image_is_jpeg_unless_something_else_is_asked_for(
    served: Served, http: httpx.Client, root: str
) -> None:
    row = served.instance("JPEG2000.dcm")
    answer = ask(http, root, row)
    assert answer.headers["content-type"] == "image/jpeg"
    assert picture(answer).format == "JPEG"
    assert picture(ask(http, root, row, contentType="image/png")).format == "PNG"
    assert picture(ask(http, root, row, contentType="image/gif, image/png;q=0.5")).format == "PNG"


def test_what_is_no_picture_is_an_object(served: Served, http: httpx.Client, root: str) -> None:
    for name in ("reportsi.dcm", "rtplan.dcm"):
        answer = ask(http, root, served.instance(name))
        assert answer.headers["content-type"].startswith("application/dicom")


def test_object_is_explicit_unless_it_is_asked_for_as_stored(
    served: Served, http: httpx.Client, root: str
) -> None:
    row = served.instance("MR_small_RLE.dcm")
    kind = {"contentType": "application/dicom"}
    plain = pydicom.dcmread(BytesIO(ask(http, root, row, **kind).content))
    assert plain.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    for syntax in ("*", row.transfer_syntax_uid):
        stored = ask(http, root, row, **kind, transferSyntax=syntax)
        assert (
            stored.content[132:] == ask(http, root, row, **kind, transferSyntax="*").content[132:]
        )
        found = pydicom.dcmread(BytesIO(stored.content))
        assert found.file_meta.TransferSyntaxUID == row.transfer_syntax_uid
    assert ask(http, root, row, **kind, transferSyntax="1.2.840.10008.1.2.4.50").status_code == 406


def test_window_and_size_are_those_of_the_rendered_resource(
    served: Served, http: httpx.Client, root: str
) -> None:
    row = served.instance("MR_small_RLE.dcm")
    asked = {"contentType": "image/png", "windowCenter": "600", "windowWidth": "1200"}
    mine = picture(ask(http, root, row, **asked, rows="32", columns="32"))
    other = http.get(
        f"{address(row)}/rendered",
        params={"window": "600,1200", "viewport": "32,32"},
        headers={"Accept": "image/png"},
    )
    assert mine.size == (32, 32)
    assert np.array_equal(np.asarray(mine), np.asarray(picture(other)))


def test_a_frame_is_a_picture_of_its_own(served: Served, http: httpx.Client, root: str) -> None:
    row = next(row for row in served.archive.rows.values() if row.number_of_frames > 2)
    first, second = (
        ask(http, root, row, contentType="image/png", frameNumber=str(n)) for n in (1, 2)
    )
    assert picture(first).size == picture(second).size
    assert ask(http, root, row, contentType="application/dicom", frameNumber="1").status_code == 406
    assert ask(http, root, row, contentType="image/png", frameNumber="9999").status_code == 404


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"requestType": "QIDO"}, 400),
        ({"objectUID": "not a uid"}, 400),
        ({"objectUID": "1.2.3.4.5"}, 404),
        ({"frameNumber": "0"}, 400),
        ({"windowCenter": "1"}, 400),
        ({"contentType": "image/gif"}, 406),
        ({"anonymize": "yes"}, 406),
        ({"presentationUID": "1.2"}, 406),
        ({"region": "0,0,1,1"}, 406),
        ({"transferSyntax": "explicit"}, 400),
        ({"imageQuality": "200"}, 400),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_readable_body(
    served: Served, http: httpx.Client, root: str, more: dict[str, str], status: int
) -> None:
    answer = ask(http, root, served.instance("JPEG2000.dcm"), **more)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_answer_is_revalidated(served: Served, http: httpx.Client, root: str) -> None:
    row = served.instance("JPEG2000.dcm")
    etag = ask(http, root, row).headers["etag"]
    query = f"studyUID={row.study_instance_uid}&seriesUID={row.series_instance_uid}"
    path = f"{root}/wado?requestType=WADO&{query}&objectUID={row.sop_instance_uid}"
    assert http.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("level", ["series", "study"])
def test_series_and_studies_are_pictures_of_all_their_images(
    served: Served, http: httpx.Client, level: str
) -> None:
    row = served.instance("JPEG2000.dcm")
    path = f"/studies/{row.study_instance_uid}"
    if level == "series":
        path += f"/series/{row.series_instance_uid}"
    answer = http.get(f"{path}/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    assert answer.status_code == 200
    pictures = [Image.open(BytesIO(content)) for content in parts(answer)]
    shown = [
        one
        for one in served.archive.rows.values()
        if one.study_instance_uid == row.study_instance_uid
        and one.pixel_data
        and (level == "study" or one.series_instance_uid == row.series_instance_uid)
    ]
    assert 0 < len(pictures) <= len(shown)
    assert {one.format for one in pictures} == {"PNG"}
    again = http.get(f"{path}/rendered", headers={"Accept": "image/png"})
    assert again.content == answer.content


def test_series_without_images_has_no_pictures(served: Served, http: httpx.Client) -> None:
    row = served.instance("rtplan.dcm")
    answer = http.get(
        f"/studies/{row.study_instance_uid}/series/{row.series_instance_uid}/rendered"
    )
    assert answer.status_code == 404

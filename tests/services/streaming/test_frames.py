"""The exact headers and ranges that viewers need."""

import httpx
import pytest
from tests.services.streaming.conftest import Served, address

OHIF = {"Accept": "multipart/related; type=application/octet-stream; transfer-syntax=*"}
HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"


@pytest.fixture(scope="session")
def htj2k(served: Served) -> str:
    """Path of frame 1 of an instance stored in HTJ2K, made of a real slice."""
    import io

    import imagecodecs
    import pydicom
    from pydicom.encaps import encapsulate

    row = served.instance("ct_lidc_0314/000051.dcm")
    dataset = pydicom.dcmread(served.files[row.sop_instance_uid])
    stream = imagecodecs.htj2k_encode(dataset.pixel_array, resolutions=5, tlm=True, tilepart=1)
    dataset.PixelData = encapsulate([bytes(stream)])
    dataset["PixelData"].is_undefined_length = True
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = (
        "2.1",
        "2.1.1",
        "2.1.1.1",
    )
    dataset.file_meta.MediaStorageSOPInstanceUID = "2.1.1.1"
    dataset.file_meta.TransferSyntaxUID = HTJ2K_RPCL
    content = io.BytesIO()
    pydicom.dcmwrite(content, dataset, implicit_vr=False, little_endian=True)
    row = served.archive.put(content.getvalue())
    return f"{address(row)}/frames/1"


def test_a_frame_is_spelled_as_the_image_loaders_look_for_it(
    http: httpx.Client, htj2k: str
) -> None:
    answer = http.get(htj2k, headers=OHIF)
    assert answer.status_code == 200
    boundary = answer.headers["content-type"].split("boundary=")[1].split(";")[0]
    assert answer.headers["content-type"] == (
        f'multipart/related;type="image/jphc";boundary={boundary};transfer-syntax={HTJ2K_RPCL}'
    )
    head = f"--{boundary}\r\nContent-Type: image/jphc;transfer-syntax={HTJ2K_RPCL}\r\n\r\n".encode()
    assert answer.content.startswith(head + b"\xff\x4f\xff\x51")
    assert answer.content.endswith(f"\r\n--{boundary}--\r\n".encode())
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "transfer-encoding" not in answer.headers
    assert "content-encoding" not in answer.headers
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"].startswith('"')


def test_ranges_count_over_the_whole_body_and_fit_together(http: httpx.Client, htj2k: str) -> None:
    whole = http.get(htj2k, headers=OHIF).content
    first = http.get(htj2k, headers={**OHIF, "Range": "bytes=0-16383"})
    rest = http.get(htj2k, headers={**OHIF, "Range": "bytes=16384-"})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.headers["content-range"] == f"bytes 0-16383/{len(whole)}"
    assert rest.headers["content-range"] == f"bytes 16384-{len(whole) - 1}/{len(whole)}"
    assert first.content + rest.content == whole
    assert first.headers["content-type"] == rest.headers["content-type"]
    assert first.headers["etag"] == rest.headers["etag"]
    clipped = http.get(
        htj2k, headers={**OHIF, "Range": f"bytes={len(whole) - 5}-{len(whole) + 999}"}
    )
    assert clipped.content == whole[-5:]


def test_a_range_past_the_end_is_refused_with_the_length(http: httpx.Client, htj2k: str) -> None:
    size = len(http.get(htj2k, headers=OHIF).content)
    answer = http.get(htj2k, headers={**OHIF, "Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("name", ["image/jphc", "image/jhc"])
def test_the_query_wins_and_gives_the_codestream_alone(
    http: httpx.Client, htj2k: str, name: str
) -> None:
    answer = http.get(htj2k, params={"accept": name}, headers={**OHIF, "Range": "bytes=0-3"})
    assert answer.status_code == 206
    assert answer.headers["content-type"] == f"image/jphc;transfer-syntax={HTJ2K_RPCL}"
    assert answer.content == b"\xff\x4f\xff\x51"


def test_an_unchanged_frame_is_not_sent_again(http: httpx.Client, htj2k: str) -> None:
    etag = http.get(htj2k, headers=OHIF).headers["etag"]
    answer = http.get(htj2k, headers={**OHIF, "If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert http.get(htj2k, headers={**OHIF, "If-None-Match": '"other"'}).status_code == 200


def test_a_range_of_other_content_gets_the_whole(http: httpx.Client, htj2k: str) -> None:
    ranged = {**OHIF, "Range": "bytes=0-9"}
    etag = http.get(htj2k, headers=OHIF).headers["etag"]
    assert http.get(htj2k, headers={**ranged, "If-Range": etag}).status_code == 206
    assert http.get(htj2k, headers={**ranged, "If-Range": '"other"'}).status_code == 200


def test_forms_of_a_frame_have_entity_tags_of_their_own(http: httpx.Client, htj2k: str) -> None:
    accepts = (
        OHIF["Accept"],
        "image/jphc",
        "multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
    )
    tags = {http.get(htj2k, headers={"Accept": accept}).headers["etag"] for accept in accepts}
    assert len(tags) == 3


def test_a_decoded_frame_is_that_of_the_uncompressed_file(
    served: Served, http: httpx.Client, htj2k: str
) -> None:
    row = served.instance("ct_lidc_0314/000051.dcm")
    plain = http.get(f"{address(row)}/frames/1", params={"accept": "application/octet-stream"})
    decoded = http.get(htj2k, params={"accept": "application/octet-stream"})
    assert decoded.headers["content-type"] == (
        "application/octet-stream;transfer-syntax=1.2.840.10008.1.2.1"
    )
    assert decoded.content == plain.content
    assert plain.content == served.files[row.sop_instance_uid].read_bytes()[-524288:]


def test_head_tells_all_but_sends_nothing(http: httpx.Client, htj2k: str) -> None:
    answer = http.head(htj2k, headers=OHIF)
    assert answer.content == b""
    assert answer.headers["content-length"] == str(len(http.get(htj2k, headers=OHIF).content))


@pytest.mark.parametrize("frames", ["0", "2", "1,2", "99999999999"])
def test_frames_that_are_not_there_are_not_found(
    http: httpx.Client, htj2k: str, frames: str
) -> None:
    answer = http.get(htj2k[:-1] + frames, headers=OHIF)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_cannot_be_sent_is_not_acceptable(http: httpx.Client, htj2k: str) -> None:
    for accept in ("text/html", "image/jls", "multipart/related; type=video/mp4"):
        assert http.get(htj2k, headers={"Accept": accept}).status_code == 406


def test_bulk_data_belong_to_their_digest(served: Served, http: httpx.Client) -> None:
    row = served.instance("ct_lidc_0314/000267.dcm")
    base = f"{address(row)}/bulkdata"
    answer = http.get(f"{base}/{row.digest[:32]}/{row.dataset_offset}/8")
    content = served.files[row.sop_instance_uid].read_bytes()
    assert answer.content == served.archive.objects.read(row.object_key)[row.dataset_offset :][:8]
    assert answer.content in content
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    ranged = http.get(
        f"{base}/{row.digest[:32]}/{row.dataset_offset}/8", headers={"Range": "bytes=2-3"}
    )
    assert ranged.content == answer.content[2:4]
    assert http.get(f"{base}/{'0' * 32}/0/8").status_code == 404
    assert http.get(f"{base}/{row.digest[:32]}/{row.size_bytes}/8").status_code == 404
    assert http.get(f"{base}/{row.digest[:32]}/-1/8").status_code == 400


def test_deflated_objects_give_their_frames_too(served: Served, http: httpx.Client) -> None:
    import pydicom

    row = served.instance("image_dfl.dcm")
    assert row.deflated
    frame = http.get(f"{address(row)}/frames/1", params={"accept": "application/octet-stream"})
    stored = pydicom.dcmread(served.files[row.sop_instance_uid])
    assert frame.content == stored.PixelData[: len(frame.content)]
    assert len(stored.PixelData) - len(frame.content) <= 1

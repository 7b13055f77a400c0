"""An unmodified DICOMweb client, and headers byte by byte, over the port people use."""

import io
import re
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from tests.support.commanded import Commanded
from tests.support.dicom_files import data_set_of, real_files
from tests.support.part10 import multipart, part10
from tests.support.senders import fresh_uid

CT = "ct_lidc_0314/000267.dcm"
FRAMES_AS_STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def uids(name: str) -> tuple[str, str, str]:
    (path,) = [file.path for file in real_files() if str(file.path).endswith(name)]
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID)


def path_of(name: str) -> str:
    study, series, instance = uids(name)
    return f"/dicom-web/studies/{study}/series/{series}/instances/{instance}"


@pytest.fixture
def client(library: Commanded) -> DICOMwebClient:
    return DICOMwebClient(f"{library.url}/dicom-web")


def test_client_searches_at_every_level(client: DICOMwebClient) -> None:
    study, series, instance = uids(CT)
    found = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert [one["00201208"]["Value"] for one in found] == [[26]]
    below = client.search_for_series(study, search_filters={"Modality": "CT"})
    assert [one["0020000E"]["Value"][0] for one in below] == [series]
    assert len(client.search_for_instances(study, series)) == 26
    flat = client.search_for_instances(search_filters={"SOPInstanceUID": instance})
    assert [one["0020000D"]["Value"][0] for one in flat] == [study]
    assert client.search_for_studies(search_filters={"PatientID": "nobody has this"}) == []


def test_fuzzy_matching_finds_a_name_by_the_beginnings_of_its_words_in_any_order(
    library: Commanded, client: DICOMwebClient
) -> None:
    exact = client.search_for_studies(search_filters={"PatientName": "yamada^tarou"})
    found = client.search_for_studies(
        fuzzymatching=True, search_filters={"PatientName": "Taro YAM"}
    )
    assert found == exact != []
    literal = library.get("/dicom-web/studies", params={"PatientName": "Taro YAM"})
    assert literal.json() == []
    fuzzy = {"PatientName": "Taro YAM", "fuzzymatching": "true"}
    assert "warning" not in library.get("/dicom-web/studies", params=fuzzy).headers


def test_client_retrieves_metadata_frames_and_pictures(client: DICOMwebClient) -> None:
    study, series, instance = uids(CT)
    (path,) = [file.path for file in real_files() if str(file.path).endswith(CT)]
    stored = pydicom.dcmread(path)
    assert len(client.retrieve_study_metadata(study)) == 26
    found = pydicom.Dataset.from_json(client.retrieve_instance_metadata(study, series, instance))
    assert (found.Rows, found.Columns, found.PatientID) == (512, 512, stored.PatientID)
    (frame,) = client.retrieve_instance_frames(study, series, instance, [1])
    assert frame == stored.PixelData
    whole = client.retrieve_instance(study, series, instance)
    assert np.array_equal(whole.pixel_array, stored.pixel_array)
    rendered = client.retrieve_instance_rendered(
        study, series, instance, media_types=("image/png",)
    )
    assert rendered.startswith(b"\x89PNG")


def test_client_stores_and_retrieves_bulk_data(desk: Commanded) -> None:
    client = DICOMwebClient(f"{desk.url}/dicom-web")
    study, series, sop = fresh_uid(), fresh_uid(), fresh_uid()
    dataset = pydicom.dcmread(io.BytesIO(part10(sop, study, series)))
    dataset.add_new(0x00420011, "OB", b"%PDF" + bytes(20_000))
    answer = client.store_instances([dataset])
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [sop]
    assert "FailedSOPSequence" not in answer
    desk.until(
        lambda: len(client.search_for_studies(search_filters={"StudyInstanceUID": study})), 30
    )
    metadata = client.retrieve_instance_metadata(study, series, sop)
    (content,) = client.retrieve_bulkdata(metadata["00420011"]["BulkDataURI"])
    assert content == dataset[0x00420011].value
    again = client.store_instances([dataset])
    assert "FailedSOPSequence" not in again


def test_refused_instance_is_named_with_its_reason(desk: Commanded) -> None:
    sop = fresh_uid()
    content = multipart([part10(sop, "not.a.uid", fresh_uid())])
    kind = 'multipart/related; type="application/dicom"; boundary=b0undary'
    answer = httpx.post(
        f"{desk.url}/dicom-web/studies", content=content, headers={"Content-Type": kind}
    )
    assert answer.status_code == 409
    (failed,) = answer.json()["00081198"]["Value"]
    assert failed["00081155"]["Value"] == [sop]
    assert failed["00081197"]["Value"][0] > 0


def frame(library: Commanded, name: str = CT, **headers: str) -> httpx.Response:
    asked = {"Accept": FRAMES_AS_STORED, **headers}
    return library.get(f"{path_of(name)}/frames/1", headers=asked)


def test_frame_answer_is_spelled_as_viewers_read_it(library: Commanded) -> None:
    answer = frame(library)
    kind = answer.headers["content-type"]
    found = re.fullmatch(
        r'multipart/related; ?type="application/octet-stream"; ?boundary=([^;]+)(; ?transfer-syntax=.*)?',
        kind,
    )
    assert found, kind
    boundary = found[1].strip('"').encode()
    assert answer.content.startswith(
        b"--" + boundary + b"\r\nContent-Type: application/octet-stream"
    )
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    assert "transfer-encoding" not in answer.headers
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["etag"].startswith('"')
    again = frame(library)
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])


def test_ranges_of_a_frame_make_the_whole(library: Commanded) -> None:
    whole = frame(library)
    size = len(whole.content)
    first = frame(library, Range="bytes=0-16383")
    rest = frame(library, Range="bytes=16384-")
    last = frame(library, Range="bytes=-100")
    assert [answer.status_code for answer in (first, rest, last)] == [206, 206, 206]
    assert first.content + rest.content == whole.content
    assert last.content == whole.content[-100:]
    assert first.headers["content-range"] == f"bytes 0-16383/{size}"
    assert rest.headers["content-range"] == f"bytes 16384-{size - 1}/{size}"
    clipped = frame(library, Range=f"bytes=10-{size * 2}")
    assert clipped.headers["content-range"] == f"bytes 10-{size - 1}/{size}"
    past = frame(library, Range=f"bytes={size}-")
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{size}")
    stale = frame(library, **{"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (stale.status_code, len(stale.content)) == (200, size)


def test_unchanged_frame_is_not_sent_again(library: Commanded) -> None:
    tag = frame(library).headers["etag"]
    answer = frame(library, **{"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


def test_query_parameter_accept_wins_over_the_header(library: Commanded) -> None:
    asked = {"Accept": FRAMES_AS_STORED}
    path = f"{path_of(CT)}/frames/1?accept=application/octet-stream"
    answer = library.get(path, headers=asked)
    assert answer.headers["content-type"].startswith("application/octet-stream")
    assert len(answer.content) == 512 * 512 * 2


@pytest.mark.parametrize("suffix", ["/rendered", "/thumbnail", "/frames/1/rendered"])
def test_pictures_come_as_asked(suffix: str, library: Commanded) -> None:
    answer = library.get(path_of(CT) + suffix, headers={"Accept": "image/jpeg"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"\xff\xd8")


def test_nothing_found_and_nonsense_are_told_apart(library: Commanded) -> None:
    statuses: dict[str, Any] = {
        "/dicom-web/studies?PatientID=none": 200,
        "/dicom-web/studies/2.25.404": 404,
        "/dicom-web/studies/not-a-uid": 400,
        f"{path_of(CT)}/frames/2": 404,
        f"{path_of(CT)}/frames/0": 400,
        "/dicom-web/studies?StudyDate=yesterday": 400,
        "/dicom-web/nothing": 404,
    }
    for path, status in statuses.items():
        found = library.get(path).status_code
        assert found in (status, 204) if status == 200 else found in (status, 404), path


def test_stored_bytes_come_back_with_their_transfer_syntax(library: Commanded) -> None:
    (path,) = [file.path for file in real_files() if str(file.path).endswith(CT)]
    answer = library.get(path_of(CT), headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert answer.content.endswith(data_set_of(path))
    kind = answer.headers["content-type"]
    assert kind.startswith("application/dicom") and "1.2.840.10008.1.2" in kind

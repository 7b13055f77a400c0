"""dicomweb-client, unmodified, against the service."""

import io
from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image as Picture
from tests.services.streaming.conftest import Served
from tests.support.dicom_files import data_set_of

from isocenter.ports.index_rows import InstanceRow

CT = "ct_lidc_0314/000267.dcm"
AS_STORED = (("application/dicom", "*"),)


@pytest.fixture
def client(served: Served) -> DICOMwebClient:
    return DICOMwebClient(served.serving.dicomweb)


@pytest.fixture
def ct(served: Served) -> InstanceRow:
    return served.instance(CT)


def _uids(row: InstanceRow) -> tuple[str, str, str]:
    return row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid


def test_studies_are_found_by_patient_and_date(client: DICOMwebClient, ct: InstanceRow) -> None:
    found = client.search_for_studies(
        search_filters={"PatientID": "LIDC*", "StudyDate": "19990101-20301231"},
        fields=["StudyDescription"],
    )
    assert [study["0020000D"]["Value"][0] for study in found] == [ct.study_instance_uid]
    assert found[0]["00201208"]["Value"] == [26]


def test_series_and_instances_are_found_below_their_study(
    client: DICOMwebClient, ct: InstanceRow
) -> None:
    series = client.search_for_series(ct.study_instance_uid)
    assert [one["0020000E"]["Value"][0] for one in series] == [ct.series_instance_uid]
    found = client.search_for_instances(ct.study_instance_uid, ct.series_instance_uid)
    assert len(found) == 26
    page = client.search_for_instances(
        ct.study_instance_uid, ct.series_instance_uid, limit=10, offset=20
    )
    assert page == found[20:]


def test_what_is_retrieved_has_the_data_set_byte_for_byte(
    served: Served, client: DICOMwebClient
) -> None:
    import httpx

    for uid, path in served.files.items():
        row = served.archive.rows[uid]
        url = served.serving.dicomweb + "/studies/{}/series/{}/instances/{}".format(*_uids(row))
        content = httpx.get(url, headers={"Accept": "application/dicom; transfer-syntax=*"}).content
        start = row.dataset_offset
        assert content[start:] == data_set_of(path), path.name
        assert (
            pydicom.dcmread(io.BytesIO(content)).file_meta.TransferSyntaxUID
            == row.transfer_syntax_uid
        )


def test_a_whole_series_is_retrieved(client: DICOMwebClient, ct: InstanceRow) -> None:
    datasets: Iterator[pydicom.Dataset] = client.iter_series(
        ct.study_instance_uid, ct.series_instance_uid, media_types=AS_STORED
    )
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 26


def test_an_instance_is_retrieved_decoded_when_asked(
    served: Served, client: DICOMwebClient
) -> None:
    row = served.instance("pydicom_packaged/JPEG2000.dcm")
    stored = pydicom.dcmread(served.files[row.sop_instance_uid])
    decoded = client.retrieve_instance(
        *_uids(row), media_types=(("application/dicom", "1.2.840.10008.1.2.1"),)
    )
    assert decoded.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert len(decoded.PixelData) == decoded.Rows * decoded.Columns * 2
    assert np.array_equal(decoded.pixel_array, stored.pixel_array)
    assert decoded.PatientName == stored.PatientName


def test_implicit_big_endian_and_deflated_become_explicit_little_endian(
    served: Served, client: DICOMwebClient
) -> None:
    for name in (CT, "SC_rgb_small_odd_big_endian.dcm", "image_dfl.dcm", "rtplan.dcm"):
        row = served.instance(name)
        stored = pydicom.dcmread(served.files[row.sop_instance_uid])
        found = client.retrieve_instance(
            *_uids(row), media_types=(("application/dicom", "1.2.840.10008.1.2.1"),)
        )
        assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
        if "PixelData" in stored:
            assert np.array_equal(found.pixel_array, stored.pixel_array), name
        tags = [element.tag for element in stored if element.tag.element]  # no group lengths
        assert [element.tag for element in found] == tags, name


def test_metadata_are_those_of_the_file(
    served: Served, client: DICOMwebClient, ct: InstanceRow
) -> None:
    found = pydicom.Dataset.from_json(client.retrieve_instance_metadata(*_uids(ct)))
    stored = pydicom.dcmread(served.files[ct.sop_instance_uid])
    assert found.ImagePositionPatient == stored.ImagePositionPatient
    assert found.Rows == 512
    assert "PixelData" not in found
    assert found.AvailableTransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert len(client.retrieve_series_metadata(ct.study_instance_uid, ct.series_instance_uid)) == 26
    assert len(client.retrieve_study_metadata(ct.study_instance_uid)) == 26


def test_names_in_other_scripts_arrive_whole(served: Served, client: DICOMwebClient) -> None:
    row = served.instance("charset/chrH31.dcm")
    found = client.search_for_studies(search_filters={"PatientName": "山田"})
    assert found[0]["0020000D"]["Value"] == [row.study_instance_uid]
    assert found[0]["00100010"]["Value"][0]["Ideographic"] == "山田^太郎"


def test_frames_come_as_stored_by_default(served: Served, client: DICOMwebClient) -> None:
    row = served.instance("enhanced/emri_small_jpeg_ls_lossless.dcm")
    stored = pydicom.dcmread(served.files[row.sop_instance_uid])
    expected = list(pydicom.encaps.generate_frames(stored.PixelData, number_of_frames=10))
    assert client.retrieve_instance_frames(*_uids(row), [1, 10, 3]) == [
        expected[0],
        expected[9],
        expected[2],
    ]


def test_frames_are_decoded_when_asked(served: Served, client: DICOMwebClient) -> None:
    octets = (("application/octet-stream", "1.2.840.10008.1.2.1"),)
    for name in (
        "enhanced/emri_small_jpeg_ls_lossless.dcm",
        "MR_small_RLE.dcm",
        "ts_wg04_us1/US1_RLE",
    ):
        uid = next((u for u, path in served.files.items() if str(path).endswith(name)), None)
        if uid is None:
            continue  # another file of its family stands for it
        row = served.archive.rows[uid]
        stored = pydicom.dcmread(served.files[uid])
        frames = int(stored.get("NumberOfFrames", 1))
        found = client.retrieve_instance_frames(*_uids(row), list(range(1, frames + 1)), octets)
        expected = pydicom.pixels.pixel_array(stored, raw=True)
        assert sha256(b"".join(found)).digest() == sha256(expected.tobytes()).digest(), name


def test_one_bit_frames_are_moved_to_the_start_of_a_byte(
    served: Served, client: DICOMwebClient
) -> None:
    for name in ("liver_nonbyte_aligned.dcm", "liver_nonbyte_aligned_deflate.dcm"):
        uid = next((u for u, path in served.files.items() if str(path).endswith(name)), None)
        if uid is None:
            continue
        row = served.archive.rows[uid]
        stored = pydicom.dcmread(served.instance("liver_nonbyte_aligned.dcm") and served.files[uid])
        octets = (("application/octet-stream", "1.2.840.10008.1.2.1"),)
        frames = client.retrieve_instance_frames(*_uids(row), [1, 2, 3], octets)
        size = stored.Rows * stored.Columns
        for frame in frames:
            bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
            assert len(bits) - size < 8
            assert bits[:size].any()


def test_bulk_data_are_found_at_their_address(served: Served, client: DICOMwebClient) -> None:
    row = served.instance("pydicom_packaged/rtplan.dcm")
    assert b"BulkDataURI" not in row.document  # small values are in the metadata
    row = served.instance("colour/color-pl.dcm")
    found = client.retrieve_instance_metadata(*_uids(row))
    addresses = {
        tag: element["BulkDataURI"] for tag, element in found.items() if "BulkDataURI" in element
    }
    stored = pydicom.dcmread(served.files[row.sop_instance_uid])
    for tag, url in addresses.items():
        assert client.retrieve_bulkdata(url) == [stored[int(tag, 16)].value]


def test_pictures_are_rendered(client: DICOMwebClient, ct: InstanceRow) -> None:
    content = client.retrieve_instance_rendered(
        *_uids(ct),
        media_types=("image/png",),
        params={"window": "40,400,linear", "viewport": "256,256"},
    )
    assert Picture.open(io.BytesIO(content)).size == (256, 256)
    frame = client.retrieve_instance_frames_rendered(*_uids(ct), [1], media_types=("image/jpeg",))
    assert Picture.open(io.BytesIO(frame)).size == (512, 512)


def test_nothing_found_is_an_empty_list(client: DICOMwebClient) -> None:
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []

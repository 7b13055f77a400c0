"""STOW-RS with metadata and bulk data, and with a body that is one instance: stored as if it had come as a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from tests.support.dicom_files import real_files
from tests.support.ingesting import Site, site
from tests.support.part10 import part10

from isocenter.dicomweb.native_xml import write_xml
from isocenter.events.entries import EntryKind

BOUNDARY = "b0undary"
TYPE = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
MIB = 1 << 20
Bulk = dict[str, tuple[str, bytes]]  # Content-Type and content, by Content-Location


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def metadata(more: dict[str, Any] | None = None, sop: str = "1.2.3.4.1") -> dict[str, Any]:
    return {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
        "00080018": {"vr": "UI", "Value": [sop]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne", "Ideographic": "山田"}]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00280010": {"vr": "US", "Value": [2]},
        "00280011": {"vr": "US", "Value": [2]},
        "00280100": {"vr": "US", "Value": [8]},
        **(more or {}),
    }


def body(documents: object, bulk: Bulk) -> bytes:
    content = documents if isinstance(documents, bytes) else json.dumps(documents).encode()
    parts = [b"Content-Type: application/dicom+json\r\n\r\n" + content]
    for name, (kind, value) in bulk.items():
        head = f"Content-Type: {kind}\r\nContent-Location: {name}\r\n\r\n"
        parts.append(head.encode() + value)
    joined = b"".join(b"\r\n--" + BOUNDARY.encode() + b"\r\n" + part for part in parts)
    return joined + b"\r\n--" + BOUNDARY.encode() + b"--\r\n"


async def post(
    here: Site, content: bytes, path: str = "/dicom-web/studies", kind: str = TYPE
) -> httpx.Response:
    async with here.client() as client:
        headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
        return await client.post(path, content=content, headers=headers)


def stored(here: Site) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(here.root / "archive" / key) for key in here.objects()]


async def test_metadata_in_xml_have_a_part_for_each_instance(here: Site) -> None:
    parts = [
        b"Content-Type: application/dicom+xml\r\n\r\n" + write_xml(metadata(sop=sop))
        for sop in ("1.2.3.4.1", "1.2.3.4.2")
    ]
    pixels = b"Content-Type: application/octet-stream\r\nContent-Location: a\r\n\r\n\1\2\3\4"
    last = write_xml(metadata({"7FE00010": {"vr": "OB", "BulkDataURI": "a"}}, "1.2.3.4.3"))
    parts += [b"Content-Type: application/dicom+xml\r\n\r\n" + last, pixels]
    content = b"".join(b"\r\n--b0undary\r\n" + part for part in parts) + b"\r\n--b0undary--\r\n"
    kind = 'multipart/related; type="application/dicom+xml"; boundary=b0undary'
    answer = await post(here, content, kind=kind)
    assert answer.status_code == 200, answer.text
    found = {str(one.SOPInstanceUID): one for one in stored(here)}
    assert sorted(found) == ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]
    assert found["1.2.3.4.3"].PixelData == b"\1\2\3\4"
    assert str(found["1.2.3.4.1"].PatientName) == "Müller^Änne=山田"


async def test_metadata_and_pixels_become_one_object(here: Site) -> None:
    document = metadata({"7FE00010": {"vr": "OB", "BulkDataURI": "bulk/1"}})
    answer = await post(
        here, body([document], {"bulk/1": ("application/octet-stream", b"\1\2\3\4")})
    )
    assert answer.status_code == 200, answer.text
    (found,) = stored(here)
    assert found.PixelData == b"\1\2\3\4"
    assert str(found.PatientName) == "Müller^Änne=山田"
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert len(here.entries(EntryKind.RECEIPT)) == 1


async def test_compressed_frame_is_kept_as_it_came(here: Site) -> None:
    frame = b"\xff\xd8 not quite a JPEG \xff\xd9"
    document = metadata({"7FE00010": {"vr": "OB", "BulkDataURI": "http://there/frame"}})
    kind = f"image/jpeg; transfer-syntax={JPEG_BASELINE}"
    answer = await post(here, body([document], {"http://there/frame": (kind, frame)}))
    assert answer.status_code == 200, answer.text
    (found,) = stored(here)
    assert found.file_meta.TransferSyntaxUID == JPEG_BASELINE
    assert frame in found.PixelData


async def test_bulk_data_inside_sequences_and_used_twice_are_written_in_place(here: Site) -> None:
    value = bytes(range(256)) * 4096
    inner = {"00420011": {"vr": "OB", "BulkDataURI": "value"}}
    documents = [
        metadata({"00081140": {"vr": "SQ", "Value": [inner, {}]}}, sop)
        for sop in ("1.2.3.4.1", "1.2.3.4.2")
    ]
    answer = await post(here, body(documents, {"value": ("application/octet-stream", value)}))
    assert answer.status_code == 200, answer.text
    found = stored(here)
    assert len(found) == 2
    for one in found:
        assert one.ReferencedImageSequence[0].EncapsulatedDocument == value
        assert len(one.ReferencedImageSequence) == 2


@pytest.mark.parametrize(
    ("document", "bulk"),
    [
        (metadata({"7FE00010": {"vr": "OB", "BulkDataURI": "nowhere"}}), {}),
        (metadata({"7FE00010": {"vr": "OB", "BulkDataURI": "a"}}), {"a": ("image/jpeg", b"xx")}),
        (
            metadata(
                {
                    "00280008": {"vr": "IS", "Value": [2]},
                    "7FE00010": {"vr": "OB", "BulkDataURI": "a"},
                }
            ),
            {"a": (f"image/jpeg; transfer-syntax={JPEG_BASELINE}", b"xx")},
        ),
        (metadata({"00280010": {"vr": "US", "Value": ["many"]}}), {}),
        (metadata({"00280010": {"Value": [1]}}), {}),
        (metadata({"00083002": {"vr": "UI", "Value": ["no uid"]}}), {}),
    ],
)
async def test_instance_that_cannot_be_written_is_named_and_the_others_are_stored(
    here: Site, document: dict[str, Any], bulk: Bulk
) -> None:
    answer = await post(here, body([document, metadata(sop="1.2.3.4.9")], bulk))
    assert answer.status_code == 202
    (failed,) = answer.json()["00081198"]["Value"]
    assert failed["00081155"]["Value"] == ["1.2.3.4.1"]
    assert failed["00081197"]["Value"] == [0xC000]
    assert [one.SOPInstanceUID for one in stored(here)] == ["1.2.3.4.9"]
    assert not here.entries(EntryKind.QUARANTINE)


async def test_instance_without_names_fails_without_a_name(here: Site) -> None:
    answer = await post(here, body([{"00100010": {"vr": "PN"}}], {}))
    assert answer.status_code == 409
    assert len(answer.json()["0008119A"]["Value"]) == 1


@pytest.mark.parametrize("documents", [b"{", [], [1], b"\xff", b'"text"'])
async def test_metadata_that_are_none_are_refused(here: Site, documents: object) -> None:
    assert (await post(here, body(documents, {}))).status_code == 400


async def test_bulk_data_without_a_name_or_with_anothers_are_refused(here: Site) -> None:
    content = body([metadata()], {"a": ("application/octet-stream", b"1")})
    assert (await post(here, content.replace(b"Content-Location: a\r\n", b""))).status_code == 400
    second = body([metadata()], {"a": ("x/y", b"1"), "b": ("x/y", b"2")})
    assert (await post(here, second.replace(b"Location: b", b"Location: a"))).status_code == 400
    assert not list((here.root / "archive" / ".spool").rglob("*/*"))


async def test_instance_of_another_study_than_the_url_says_is_refused(here: Site) -> None:
    answer = await post(here, body([metadata()], {}), "/dicom-web/studies/9.9")
    assert answer.status_code == 409


async def test_one_instance_alone_is_a_body(here: Site) -> None:
    answer = await post(here, part10("1.2.3.4.1"), kind="application/dicom")
    assert answer.status_code == 200
    assert answer.json()["00081199"]["Value"][0]["00081155"]["Value"] == ["1.2.3.4.1"]
    assert (await post(here, b"", kind="application/dicom")).status_code == 400
    assert (await post(here, b"x" * 200, kind="application/dicom")).status_code == 409


async def test_real_files_taken_apart_by_pydicom_come_together_again(here: Site) -> None:
    chosen = [
        file
        for file in real_files()
        if file.is_readable
        and file.path.stat().st_size < MIB
        and file.transfer_syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    ][:25]
    told = 0
    for number, file in enumerate(chosen):
        dataset = pydicom.dcmread(file.path)
        bulk: Bulk = {}

        def keep(element: pydicom.DataElement, bulk: Bulk = bulk, number: int = number) -> str:
            name = f"bulk/{number}/{len(bulk)}"
            bulk[name] = ("application/octet-stream", bytes(element.value))
            return name

        try:
            document = dataset.to_json_dict(1024, keep, suppress_invalid_tags=True)
        except (ValueError, TypeError):
            continue  # pydicom cannot say it in JSON
        answer = await post(here, body([document], bulk))
        if answer.status_code != 200:
            continue  # what pydicom says is no DICOM JSON, or the file is odd: named in the answer
        told += 1
        assert "PixelData" not in dataset or any(
            one.PixelData == dataset.PixelData for one in stored(here) if "PixelData" in one
        )
    assert told >= len(chosen) * 0.8
    assert len(here.objects()) == told

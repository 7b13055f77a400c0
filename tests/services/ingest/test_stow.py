"""STOW-RS and import over the real receive core: each instance is answered for by itself, and durable before that."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.ingesting import Site, announcing, site
from tests.support.part10 import data_set, multipart, part10
from tests.support.wait import until

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.events.v1 import events_pb2 as events
from isocenter.events.entries import EntryKind
from isocenter.runtime.caller import NOBODY

TYPE = 'multipart/related; type="application/dicom"; boundary=b0undary'


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


async def store(
    here: Site, files: list[bytes], path: str = "/dicom-web/studies", content_type: str = TYPE
) -> httpx.Response:
    async with here.client() as client:
        headers = {"Content-Type": content_type, "Accept": "application/dicom+json"}
        return await client.post(path, content=multipart(files), headers=headers)


def reasons(answer: httpx.Response, tag: str = "00081198") -> list[int]:
    return [item["00081197"]["Value"][0] for item in answer.json()[tag]["Value"]]


async def test_stored_instances_are_named_with_their_urls(here: Site) -> None:
    answer = await store(here, [part10("1.2.3.4.1"), part10("1.2.3.4.2")])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    document = answer.json()
    assert document["00081190"]["Value"] == ["http://archive.example/dicom-web/studies/1.2.3"]
    first, second = document["00081199"]["Value"]
    assert first["00081155"]["Value"] == ["1.2.3.4.1"]
    assert second["00081190"]["Value"] == [
        "http://archive.example/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.2"
    ]
    assert len(here.objects()) == len(here.entries(EntryKind.RECEIPT)) == 2


async def test_sending_twice_is_success_and_leaves_one_object(here: Site) -> None:
    for _ in range(2):
        answer = await store(here, [part10("1.2.3.4.1")])
        assert answer.status_code == 200
    assert len(here.objects()) == 1


async def test_some_stored_and_some_not_is_202_with_a_reason_each(here: Site) -> None:
    broken = part10("1.2.3.4.2", study="")
    answer = await store(here, [part10("1.2.3.4.1"), broken, b"no dicom at all " * 20])
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert reasons(answer) == [0xC000]
    assert answer.json()["00081198"]["Value"][0]["00081155"]["Value"] == ["1.2.3.4.2"]
    assert reasons(answer, "0008119A") == [0xC000]
    assert len(here.entries(EntryKind.QUARANTINE)) == 2


async def test_none_stored_is_409(here: Site) -> None:
    answer = await store(here, [b"no dicom at all " * 20])
    assert answer.status_code == 409
    assert "00081199" not in answer.json()


async def test_an_instance_of_another_study_than_the_url_says_is_refused(here: Site) -> None:
    files = [part10("1.2.3.4.1"), part10("1.2.9.4.2", study="1.2.9")]
    answer = await store(here, files, "/dicom-web/studies/1.2.9")
    assert answer.status_code == 202
    assert reasons(answer) == [0xA900]
    assert [item["00081155"]["Value"] for item in answer.json()["00081199"]["Value"]] == [
        ["1.2.9.4.2"]
    ]


async def test_a_part_that_is_not_dicom_fails_alone(here: Site) -> None:
    body = multipart([part10("1.2.3.4.1")])
    body = (
        multipart([b"{}"], part_type="application/json").removesuffix(b"\r\n--b0undary--\r\n")
        + body
    )
    async with here.client() as client:
        answer = await client.post(
            "/dicom-web/studies", content=body, headers={"Content-Type": TYPE}
        )
    assert answer.status_code == 202
    assert reasons(answer, "0008119A") == [0xC000]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("multipart/form-data; boundary=b0undary", 415),
        ('multipart/related; type="text/xml"; boundary=b0undary', 415),
        ('multipart/related; type="application/dicom"', 400),
        ("multipart/related; type=application/dicom; boundary=other", 400),
        ("multipart/related; boundary=b0undary", 200),
    ],
)
async def test_only_multipart_of_dicom_is_taken(here: Site, content_type: str, status: int) -> None:
    answer = await store(here, [part10("1.2.3.4.1")], content_type=content_type)
    assert answer.status_code == status


async def test_a_body_cut_off_is_400_and_what_was_whole_stays_stored(here: Site) -> None:
    body = multipart([part10("1.2.3.4.1"), part10("1.2.3.4.2")])[:-100]
    async with here.client() as client:
        answer = await client.post(
            "/dicom-web/studies", content=body, headers={"Content-Type": TYPE}
        )
    assert answer.status_code == 400
    assert len(here.objects()) == 1
    assert not list(here.root.rglob("*.part"))


async def test_a_study_that_is_no_uid_is_400(here: Site) -> None:
    answer = await store(here, [part10("1.2.3.4.1")], "/dicom-web/studies/..%2f..%2fetc")
    assert answer.status_code == 400


async def test_an_answer_only_in_xml_is_406(here: Site) -> None:
    async with here.client() as client:
        headers = {"Content-Type": TYPE, "Accept": "application/dicom+xml"}
        answer = await client.post("/dicom-web/studies", content=multipart([]), headers=headers)
    assert answer.status_code == 406


async def test_a_full_disk_is_503_with_retry_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FilesystemObjects, "spool_free_bytes", lambda _: 0)
    with site(tmp_path) as full:
        answer = await store(full, [part10("1.2.3.4.1")])
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert not full.objects()


async def test_what_is_stored_is_said_once_for_many(here: Site) -> None:
    async with announcing(here):
        await store(here, [part10(f"1.2.3.4.{number}") for number in range(1, 31)])
        await until(lambda: sum(_instances(here)) == 30)
    assert len(here.bus.events) < 15


def _instances(here: Site) -> list[int]:
    said = [event.message for event in here.bus.events]
    return [
        study.instances
        for message in said
        if isinstance(message, events.InstanceStored)
        for study in message.studies
    ]


async def test_nobody_may_store(here: Site) -> None:
    here.caller = NOBODY
    answer = await store(here, [part10("1.2.3.4.1")])
    assert answer.status_code == 401
    assert not here.objects()


@pytest.mark.parametrize("content", [part10("1.2.3.4.1"), data_set("1.2.3.4.1")])
async def test_a_file_is_imported_with_or_without_file_meta(here: Site, content: bytes) -> None:
    async with here.client() as client:
        answer = (await client.post("/api/import", content=content)).json()
        again = (await client.post("/api/import", content=content)).json()
    assert (answer["status"], again["status"]) == ("stored", "duplicate")
    assert answer["sop_instance_uid"] == "1.2.3.4.1"
    assert answer["study_instance_uid"] == "1.2.3"


async def test_a_file_that_cannot_be_imported_says_why(here: Site) -> None:
    async with here.client() as client:
        answer = await client.post("/api/import", content=json.dumps({"no": "dicom"}).encode() * 20)
        empty = await client.post("/api/import", content=b"")
    assert answer.json()["status"] == "quarantined"
    assert answer.json()["message"]
    assert empty.status_code == 400

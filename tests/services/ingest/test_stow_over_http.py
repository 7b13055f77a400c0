"""STOW-RS as clients speak it: dicomweb-client unmodified, chunked bodies, clients that leave, many at once."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import UID
from tests.support.dicom_files import data_set_of, real_files
from tests.support.ingesting import Site, site
from tests.support.part10 import multipart, part10
from tests.support.wait import until

from isocenter.events.entries import EntryKind
from isocenter.runtime.web_server import WebServer, open_socket

TYPE = "multipart/related; type=application/dicom; boundary=b0undary"
MIB = 1 << 20


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, http_bodies=4) as made:
        yield made


@asynccontextmanager
async def served(here: Site) -> AsyncIterator[str]:
    sock = open_socket("127.0.0.1", 0)
    server = WebServer(here.app, sock, grace_s=2)
    serving = asyncio.ensure_future(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        await serving
        sock.close()


async def test_dicomweb_client_stores_real_files_or_hears_why_not(here: Site) -> None:
    files = [file for file in real_files() if file.is_readable and file.path.stat().st_size < MIB]
    writable = [file for file in files if UID(file.transfer_syntax).is_transfer_syntax]
    chosen = list({file.transfer_syntax: file for file in writable}.values())
    refused = 0
    async with served(here) as url:
        client = DICOMwebClient(f"{url}/dicom-web")
        for file in chosen:
            dataset = pydicom.dcmread(file.path)
            try:
                answer = await asyncio.to_thread(client.store_instances, [dataset])
            except requests.HTTPError as error:
                assert error.response is not None
                assert error.response.status_code == 409, file.path
                refused += 1
            else:
                (item,) = answer.ReferencedSOPSequence
                assert item.ReferencedSOPInstanceUID == dataset.SOPInstanceUID
    assert len(here.entries(EntryKind.QUARANTINE)) == refused
    assert len(here.objects()) == len(chosen) - refused > refused


async def test_real_files_sent_as_they_are_keep_their_data_set_byte_for_byte(here: Site) -> None:
    files = [file for file in real_files() if file.is_readable and file.path.stat().st_size < MIB][
        :40
    ]
    async with served(here) as url, httpx.AsyncClient(timeout=60) as client:
        for file in files:
            body = multipart([file.path.read_bytes()])
            answer = await client.post(
                f"{url}/dicom-web/studies", content=body, headers={"Content-Type": TYPE}
            )
            if answer.status_code != 200:
                assert len(here.entries(EntryKind.QUARANTINE)) > 0
                continue
            (item,) = answer.json()["00081199"]["Value"]
            sop = item["00081155"]["Value"][0]
            kept = [here.ports.objects.read(key) for key in here.objects() if f"/{sop}~" in key]
            assert any(content.endswith(data_set_of(file.path)) for content in kept)


async def test_a_large_instance_in_tiny_pieces_is_whole(here: Site) -> None:
    pixels = bytes(range(256)) * (20 * MIB // 256)
    body = multipart([part10("1.2.3.4.1", pixels=pixels), part10("1.2.3.4.2")])

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 30_011):
            yield body[start : start + 30_011]

    async with served(here) as url, httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            f"{url}/dicom-web/studies", content=pieces(), headers={"Content-Type": TYPE}
        )
    assert answer.status_code == 200
    kept = {here.ports.objects.read(key) for key in here.objects()}
    assert kept == {part10("1.2.3.4.1", pixels=pixels), part10("1.2.3.4.2")}


async def test_a_client_that_leaves_before_the_answer_leaves_nothing_half(here: Site) -> None:
    body = multipart([part10("1.2.3.4.1"), part10("1.2.3.4.2", pixels=bytes(4 * MIB))])
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()

    def leave_early(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + body[: 3 * MIB])

    async with served(here) as url:
        await asyncio.to_thread(leave_early, int(url.rpartition(":")[2]))
        await until(lambda: len(here.objects()) == 1)
        await until(lambda: not [path for path in here.root.rglob(".spool/*/*") if path.is_file()])
        async with httpx.AsyncClient(timeout=60) as client:
            answer = await client.post(
                f"{url}/dicom-web/studies", content=body, headers={"Content-Type": TYPE}
            )
    assert answer.status_code == 200
    assert len(here.objects()) == 2


async def test_more_bodies_than_there_are_places_wait_or_are_told_to_come_back(here: Site) -> None:
    async def send(client: httpx.AsyncClient, url: str, number: int) -> int:
        body = multipart([part10(f"1.2.3.4.{number}", pixels=bytes(MIB))])
        answer = await client.post(
            f"{url}/dicom-web/studies", content=body, headers={"Content-Type": TYPE}
        )
        assert answer.status_code == 200 or answer.headers["retry-after"]
        return answer.status_code

    async with served(here) as url, httpx.AsyncClient(timeout=60) as client:
        statuses = await asyncio.gather(*(send(client, url, number) for number in range(1, 41)))
    assert set(statuses) <= {200, 503}
    assert len(here.objects()) == statuses.count(200) >= 8

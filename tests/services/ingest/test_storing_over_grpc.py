"""Files stored over gRPC by the client that programs use: durable when said so, each once, whatever breaks between."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.support.ingesting import Site, site
from tests.support.part10 import part10
from tests.support.senders import fresh_uid

from isocenter.api.ingest.v1 import ingest_service_pb2 as pb
from isocenter.api.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.client import Kept, StoreClient
from isocenter.client.sending import MAX_UNANSWERED, File
from isocenter.errors import InvalidRequest, Unauthenticated
from isocenter.events.entries import EntryKind
from isocenter.ingest.rpc import MAX_PIECE_BYTES
from isocenter.runtime.rpc import make_server, socket_path
from isocenter.runtime.rpc_channels import blocking_channel, channel
from isocenter.runtime.rpc_errors import translated

TOKEN = "a-token-of-the-tests"
NODE = "http-1"


@dataclass
class Here:
    site: Site
    root: Path

    async def store(self, files: Any) -> list[Kept]:
        """What became of each, by the client in a thread of its own."""
        with StoreClient([blocking_channel(self.root, NODE, TOKEN)], first_pause_s=0.05) as client:
            return await asyncio.to_thread(lambda: list(client.store(files)))

    def receipts(self) -> list[entries.Receipt]:
        found = self.site.entries(EntryKind.RECEIPT)
        return [one for one in found if isinstance(one, entries.Receipt)]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = make_server(socket_path(self.root, NODE), TOKEN)
        self.site.ingest.servicer()(server)
        await server.start()
        try:
            yield
        finally:
            await server.stop(0)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    with site(tmp_path) as made:
        opened = Here(made, tmp_path)
        async with opened.serving():
            yield opened


def file_of(name: str = "", *, study: str = "") -> bytes:
    return part10(name or fresh_uid(), study or fresh_uid(), fresh_uid())


async def test_what_is_said_to_be_stored_is_durable_and_named(here: Here, tmp_path: Path) -> None:
    sop = fresh_uid()
    path = tmp_path / "a.dcm"
    path.write_bytes(file_of(sop))
    [kept, other] = await here.store([path, file_of()])
    assert (kept.file, kept.status, kept.sop_instance_uid) == (path, "stored", sop)
    assert kept.is_durable and other.is_durable
    assert {kept.digest, other.digest} == {one.digest for one in here.receipts()}
    assert {one.sender.protocol for one in here.receipts()} == {"grpc"}
    assert len(here.site.objects()) == 2


async def test_file_sent_again_is_a_duplicate_and_changes_nothing(here: Here) -> None:
    content = file_of()
    assert [one.status for one in await here.store([content])] == ["stored"]
    assert [one.status for one in await here.store([content])] == ["duplicate"]
    assert len(here.site.objects()) == 1


async def test_what_is_not_acceptable_is_told_and_the_rest_goes_on(here: Here) -> None:
    sent = [file_of(), b"", b"no DICOM at all" * 100, part10("not.a.uid", "1.2", "1.3"), file_of()]
    kept = await here.store(sent)
    assert [one.file for one in kept] == sent
    assert [one.status for one in kept] == [
        "stored", "refused", "quarantined", "quarantined", "stored",
    ]  # fmt: skip
    assert all(one.reason and one.message for one in kept if not one.is_durable)


async def test_many_files_are_answered_in_order_and_read_no_further_than_allowed(
    here: Here,
) -> None:
    read = settled = ahead = 0

    def files() -> Iterator[File]:
        nonlocal read, ahead
        for number in range(3 * MAX_UNANSWERED):
            read += 1
            ahead = max(ahead, read - settled)
            yield part10(f"1.2.3.{number}", "1.2.3", "1.2.4")

    with StoreClient([blocking_channel(here.root, NODE, TOKEN)]) as client:

        def run() -> list[str]:
            nonlocal settled
            names = []
            for kept in client.store(files()):
                settled += 1
                names.append(kept.sop_instance_uid)
            return names

        names = await asyncio.to_thread(run)
    assert names == [f"1.2.3.{number}" for number in range(3 * MAX_UNANSWERED)]
    assert ahead <= MAX_UNANSWERED + 1


async def test_large_file_comes_in_pieces(here: Here) -> None:
    content = (
        file_of() + b"\xe0\x7f\x10\x00OW\0\0" + (3 << 20).to_bytes(4, "little") + bytes(3 << 20)
    )
    [kept] = await here.store([content])
    assert kept.status == "stored"
    [receipt] = here.receipts()
    assert receipt.size_bytes > 3 << 20


async def test_file_that_cannot_be_read_is_told_and_those_before_it_are_kept(
    here: Here, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await here.store([file_of(), tmp_path / "gone.dcm"])


async def test_without_the_token_nothing_is_taken(here: Here) -> None:
    def run() -> list[Kept]:
        with StoreClient([blocking_channel(here.root, NODE, "another")]) as client:
            return list(client.store([file_of()]))

    with pytest.raises(Unauthenticated):
        await asyncio.to_thread(run)
    assert not here.receipts()


async def test_client_goes_on_when_the_server_comes_back(tmp_path: Path) -> None:
    with site(tmp_path) as made:
        here = Here(made, tmp_path)
        sent = [file_of() for _ in range(5)]
        storing = asyncio.ensure_future(here.store(sent))
        async with here.serving():
            kept = await storing
        assert [one.status for one in kept] == ["stored"] * 5


def test_folder_without_a_platform_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no platform"):
        StoreClient.on_this_machine(tmp_path)
    assert not list(tmp_path.iterdir())


async def test_nobody_there_is_given_up(tmp_path: Path) -> None:
    with site(tmp_path) as made:
        [kept] = await Here(made, tmp_path).store([file_of()])
    assert (kept.status, kept.is_durable) == ("given up", False)


Pieces = list[pb.StoreRequest]
WRONG: dict[str, Pieces] = {
    "not from 1 on": [pb.StoreRequest(number=2, content=b"x", is_last=True)],
    "two at once": [
        pb.StoreRequest(number=1, content=b"x"),
        pb.StoreRequest(number=2, content=b"x"),
    ],
    "too long a piece": [pb.StoreRequest(number=1, content=bytes(MAX_PIECE_BYTES + 1))],
    "cut off": [pb.StoreRequest(number=1, content=b"x")],
}


@pytest.mark.parametrize("pieces", WRONG.values(), ids=WRONG)
async def test_call_that_breaks_the_rules_is_refused_and_nothing_kept(
    here: Here, pieces: Pieces
) -> None:
    async with channel(here.root, NODE, TOKEN) as opened:
        with pytest.raises(InvalidRequest), translated():
            async for _ in IngestServiceStub(opened).Store(iter(pieces), timeout=20):
                pass
    assert not here.receipts()
    assert not here.site.objects() and not here.site.objects("quarantine/")


async def test_call_without_a_deadline_is_refused(here: Here) -> None:
    async with channel(here.root, NODE, TOKEN) as opened:
        with pytest.raises(grpc.aio.AioRpcError, match="deadline"):
            async for _ in IngestServiceStub(opened).Store(iter([pb.StoreRequest(number=1)])):
                pass

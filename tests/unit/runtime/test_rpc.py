"""The RPC edge on a real socket, through the service of the indexer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from isocenter import errors
from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import (
    IndexServiceServicer,
    IndexServiceStub,
    add_IndexServiceServicer_to_server,
)
from isocenter.errors import Busy, Denied, InvalidRequest, IsocenterError, NotFound, Unauthenticated
from isocenter.runtime.rpc import make_server, socket_path
from isocenter.runtime.rpc_channels import blocking_channel, channel
from isocenter.runtime.rpc_errors import CODES, code_of, translated
from isocenter.runtime.run_folder import only_one, rpc_token

TOKEN = "shared between processes"


class Indexer(IndexServiceServicer):
    raising: Exception | None = None

    async def CatchUp(self, request: pb.CatchUpRequest, context: Any) -> pb.CatchUpResponse:
        raise NotImplementedError

    async def HandleHeld(
        self, request: pb.HandleHeldRequest, context: Any
    ) -> pb.HandleHeldResponse:
        if self.raising is not None:
            raise self.raising
        return pb.HandleHeldResponse(study_instance_uid=request.hold_id)

    async def Rebuild(
        self, request: pb.RebuildRequest, context: Any
    ) -> AsyncIterator[pb.RebuildResponse]:
        yield pb.RebuildResponse(applied_entries=1)
        if self.raising is not None:
            raise self.raising
        yield pb.RebuildResponse(finished=True)


def stub_of(open_channel: grpc.aio.Channel) -> Any:
    return IndexServiceStub(open_channel)


@pytest.fixture
def indexer() -> Indexer:
    return Indexer()


@pytest_asyncio.fixture
async def folder(tmp_path: Path, indexer: Indexer) -> AsyncIterator[Path]:
    server = make_server(socket_path(tmp_path, "indexer"), TOKEN)
    add_IndexServiceServicer_to_server(indexer, server)
    await server.start()
    yield tmp_path
    await server.stop(0)


@pytest_asyncio.fixture
async def stub(folder: Path) -> AsyncIterator[Any]:
    async with channel(folder, "indexer", TOKEN) as open_channel:
        yield stub_of(open_channel)


async def test_calls_and_streams_are_answered(stub: Any) -> None:
    answer = await stub.HandleHeld(pb.HandleHeldRequest(hold_id="1.2"), timeout=5)
    assert answer.study_instance_uid == "1.2"
    answers = [answer async for answer in stub.Rebuild(pb.RebuildRequest(), timeout=5)]
    assert [answer.finished for answer in answers] == [False, True]


async def test_the_socket_is_its_owners_only_by_its_folder_and_needs_the_token(
    folder: Path,
) -> None:
    async with channel(folder, "indexer", "another token") as open_channel:
        with translated(), pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub_of(open_channel).HandleHeld(pb.HandleHeldRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    async with grpc.aio.insecure_channel(f"unix:{socket_path(folder, 'indexer')}") as bare:
        with pytest.raises(Unauthenticated), translated():
            await stub_of(bare).HandleHeld(pb.HandleHeldRequest(), timeout=5)


async def test_a_call_without_a_deadline_is_refused(stub: Any) -> None:
    with pytest.raises(InvalidRequest, match="deadline"), translated():
        await stub.HandleHeld(pb.HandleHeldRequest())
    with pytest.raises(InvalidRequest, match="deadline"), translated():
        async for _ in stub.Rebuild(pb.RebuildRequest()):
            pass


@pytest.mark.parametrize(
    "error", [NotFound("no such hold"), Denied(), Busy("full", retry_after_s=2.5)]
)
async def test_our_errors_arrive_as_themselves(
    stub: Any, indexer: Indexer, error: IsocenterError
) -> None:
    indexer.raising = error
    with pytest.raises(type(error)) as single, translated():
        await stub.HandleHeld(pb.HandleHeldRequest(), timeout=5)
    assert single.value.message == error.message
    if isinstance(single.value, Busy):
        assert single.value.retry_after_s == 2.5
    with pytest.raises(type(error)), translated():
        async for _ in stub.Rebuild(pb.RebuildRequest(), timeout=5):
            pass


async def test_an_unforeseen_error_tells_nothing(stub: Any, indexer: Indexer) -> None:
    indexer.raising = ValueError("DOE^JANE")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stub.HandleHeld(pb.HandleHeldRequest(), timeout=5)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "DOE" not in str(failed.value)


async def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    async with channel(tmp_path, "indexer", TOKEN) as open_channel:
        with pytest.raises(errors.Unavailable), translated():
            await stub_of(open_channel).HandleHeld(pb.HandleHeldRequest(), timeout=1)


async def test_code_without_a_loop_can_call_too(folder: Path) -> None:
    def call() -> str:
        with blocking_channel(folder, "indexer", TOKEN) as open_channel:
            stub = IndexServiceStub(open_channel)
            answer = stub.HandleHeld(pb.HandleHeldRequest(hold_id="1.2"), timeout=5)
            return answer.study_instance_uid

    assert await asyncio.to_thread(call) == "1.2"


def test_every_error_has_a_code_and_a_reason_of_its_own() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, IsocenterError)
    ]
    assert set(kinds) == set(CODES)
    assert len({kind.reason for kind in kinds}) == len(kinds)

    class Special(errors.Conflict):
        """Inherits its code."""

    assert code_of(Special()) is grpc.StatusCode.ALREADY_EXISTS


def test_the_token_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    token = rpc_token(tmp_path)
    assert rpc_token(tmp_path) == token
    assert len(token) == 64
    assert (tmp_path / "rpc.token").stat().st_mode & 0o777 == 0o600
    assert rpc_token(tmp_path, "given") == "given"


def test_a_name_is_held_by_one_process(tmp_path: Path) -> None:
    with (
        only_one(tmp_path, "indexer"),
        pytest.raises(errors.Conflict),
        only_one(tmp_path, "indexer"),
    ):
        pass
    with only_one(tmp_path, "indexer"):
        pass


def test_a_path_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        socket_path(tmp_path / ("x" * 100), "indexer")

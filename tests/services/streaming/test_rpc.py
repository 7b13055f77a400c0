"""Asking the indexer about held instances, over a real socket."""

from pathlib import Path
from typing import Any

import pytest

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import (
    IndexServiceServicer,
    add_IndexServiceServicer_to_server,
)
from isocenter.errors import NotFound, Unavailable
from isocenter.runtime.rpc import make_server, socket_path
from isocenter.runtime.rpc_channels import channel
from isocenter.streaming.rpc import IndexerClient


class Indexer(IndexServiceServicer):
    """Knows one hold."""

    async def HandleHeld(
        self, request: pb.HandleHeldRequest, context: Any
    ) -> pb.HandleHeldResponse:
        if request.hold_id != "abc-1":
            raise NotFound("there is no such hold")
        assert (request.caller, request.reason) == ("local", "same patient")
        assert request.action == pb.HELD_ACTION_RELEASE
        return pb.HandleHeldResponse(study_instance_uid="1.2.3")


async def test_a_decision_is_asked_for_and_errors_keep_their_kind(tmp_path: Path) -> None:
    server = make_server(socket_path(tmp_path, "indexer"), "secret")
    add_IndexServiceServicer_to_server(Indexer(), server)  # type: ignore[abstract]  # only what is asked
    await server.start()
    async with channel(tmp_path, "indexer", "secret") as opened:
        client = IndexerClient([opened])
        assert await client.handle("abc-1", "release", "local", "same patient") == "1.2.3"
        with pytest.raises(NotFound):
            await client.handle("abc-2", "drop", "local", "")
    await server.stop(0)
    async with channel(tmp_path, "indexer", "secret") as opened:
        with pytest.raises(Unavailable):
            await IndexerClient([opened]).handle("abc-1", "release", "local", "")

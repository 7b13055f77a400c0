"""Calls to other services: the only file here that knows their stubs."""

from typing import Literal

import grpc

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.runtime.rpc_errors import translated

TIMEOUT_S = 15.0
_ACTIONS = {"release": pb.HELD_ACTION_RELEASE, "drop": pb.HELD_ACTION_DROP}


class IndexerClient:
    """`ports.HeldDecisions` by asking the indexer."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = IndexServiceStub(channel)

    async def handle(
        self, hold_id: str, action: Literal["release", "drop"], caller: str, reason: str
    ) -> str:
        """Decide; durable when it returns."""
        request = pb.HandleHeldRequest(
            hold_id=hold_id, action=_ACTIONS[action], caller=caller, reason=reason
        )
        with translated():
            answer = await self._stub.HandleHeld(request, timeout=TIMEOUT_S)
        return str(answer.study_instance_uid)

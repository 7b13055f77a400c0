"""Calls to other services: the only file here that knows their stubs."""

from collections.abc import Sequence
from typing import Literal

import grpc

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.errors import Unavailable
from isocenter.runtime.rpc_errors import translated

TIMEOUT_S = 15.0
RETRY_AFTER_S = 2.0
_ACTIONS = {"release": pb.HELD_ACTION_RELEASE, "drop": pb.HELD_ACTION_DROP}


class IndexerClient:
    """`ports.HeldDecisions` by asking the indexers in turn, the last that answered first: one of them has the index."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self._stubs = [IndexServiceStub(channel) for channel in channels]

    async def handle(
        self, hold_id: str, action: Literal["release", "drop"], caller: str, reason: str
    ) -> str:
        """Decide; durable when it returns. Raises Unavailable when no indexer can: it may be said again."""
        request = pb.HandleHeldRequest(
            hold_id=hold_id, action=_ACTIONS[action], caller=caller, reason=reason
        )
        for stub in tuple(self._stubs):
            try:
                with translated():
                    answer = await stub.HandleHeld(request, timeout=TIMEOUT_S)
            except Unavailable:
                continue
            self._stubs.sort(key=lambda one: one is not stub)
            return str(answer.study_instance_uid)
        raise Unavailable("no indexer has the index now", retry_after_s=RETRY_AFTER_S)

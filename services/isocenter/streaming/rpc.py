"""Calls to other services: the only file here that knows their stubs."""

from collections.abc import Sequence
from typing import Literal

import grpc

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.api.transcode.v1 import transcode_service_pb2 as transcode
from isocenter.api.transcode.v1.transcode_service_pb2_grpc import TranscodeServiceStub
from isocenter.errors import Unavailable
from isocenter.runtime.rpc_errors import translated
from isocenter.streaming.ports import Urgency

TIMEOUT_S = 15.0
RETRY_AFTER_S = 2.0
TRANSCODE_TIMEOUT_S = 3_600.0  # a large study on a busy machine
_URGENCIES = {
    "reading": transcode.URGENCY_READING,
    "backfill": transcode.URGENCY_BACKFILL,
}
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


class TranscoderClient:
    """`ports.Transcoding` by asking a transcoder; of several the first that answers."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self._stubs = [TranscodeServiceStub(channel) for channel in channels]

    async def transcode(self, study: str, urgency: Urgency) -> tuple[int, int, int]:
        """Bring a study's packs up to date."""
        request = transcode.TranscodeRequest(study_instance_uid=study, urgency=_URGENCIES[urgency])
        for stub in self._stubs:
            try:
                with translated():
                    answer = await stub.Transcode(request, timeout=TRANSCODE_TIMEOUT_S)
            except Unavailable:
                continue
            return answer.instances, answer.made, answer.as_stored
        raise Unavailable("no transcoder answers", retry_after_s=RETRY_AFTER_S)

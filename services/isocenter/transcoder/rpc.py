"""TranscodeService over gRPC: proto in, own types out."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.transcode.v1 import transcode_service_pb2 as pb
from isocenter.api.transcode.v1 import transcode_service_pb2_grpc as service
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidRequest
from isocenter.transcoder.schedule import Urgency
from isocenter.transcoder.transcoding import Outcome

_URGENCIES: dict[int, Urgency] = {
    pb.URGENCY_UNSPECIFIED: Urgency.ARRIVING,
    pb.URGENCY_READING: Urgency.READING,
    pb.URGENCY_BACKFILL: Urgency.BACKFILL,
}
Context: TypeAlias = "ServicerContext[Any, Any]"
BringUp = Callable[[str, Urgency], Awaitable[Outcome]]


class TranscodeServicer(service.TranscodeServiceServicer):
    """What others ask for. Who may ask was decided by the service that calls."""

    def __init__(self, bring_up: BringUp) -> None:
        self._bring_up = bring_up

    async def Transcode(
        self, request: pb.TranscodeRequest, context: Context
    ) -> pb.TranscodeResponse:
        """Bring a study up."""
        del context
        urgency = _URGENCIES.get(request.urgency)
        if urgency is None or not is_valid_uid(request.study_instance_uid):
            raise InvalidRequest("a study and how soon it is wanted have to be named")
        outcome = await self._bring_up(request.study_instance_uid, urgency)
        return pb.TranscodeResponse(
            instances=outcome.instances, made=outcome.made, as_stored=outcome.as_stored
        )


def servicer(bring_up: BringUp) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_TranscodeServiceServicer_to_server(TranscodeServicer(bring_up), server)

    return add

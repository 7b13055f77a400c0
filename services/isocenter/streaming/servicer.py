"""StreamService over gRPC: proto in, own types out."""

from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Any, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1 import stream_service_pb2_grpc as service
from isocenter.errors import InvalidRequest
from isocenter.streaming.finding import Finder, FindLevel, understand

BATCH = 200  # answers of one message
_LEVELS: dict[int, FindLevel] = {
    pb.FIND_LEVEL_PATIENT: "patient",
    pb.FIND_LEVEL_STUDY: "study",
    pb.FIND_LEVEL_SERIES: "series",
    pb.FIND_LEVEL_IMAGE: "image",
}
Context: TypeAlias = "ServicerContext[Any, Any]"


class StreamServicer(service.StreamServiceServicer):
    """Answers for the DICOM address. Who may ask was decided there."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def Find(
        self, request: pb.FindRequest, context: Context
    ) -> AsyncIterator[pb.FindResponse]:
        """The first message says which keys were ignored, also when nothing matches."""
        del context
        level = _LEVELS.get(request.level)
        if level is None:
            raise InvalidRequest("the level is patient, study, series or image")
        question = understand(level, request.identifier)
        yield pb.FindResponse(ignored_keys=question.ignored)
        async for page in self._finder.find(question):
            answers = iter(page)
            while batch := list(islice(answers, BATCH)):
                yield pb.FindResponse(answers=batch)


def servicer(finder: Finder) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_StreamServiceServicer_to_server(StreamServicer(finder), server)

    return add

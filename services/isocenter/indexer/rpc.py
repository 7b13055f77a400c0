"""IndexService over gRPC: proto in, own types out."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1 import index_service_pb2_grpc as service
from isocenter.errors import InvalidRequest
from isocenter.indexer.serving import IndexerService

_STATES: dict[int, Literal["released", "dropped"]] = {
    pb.HELD_ACTION_RELEASE: "released",
    pb.HELD_ACTION_DROP: "dropped",
}
Context: TypeAlias = "ServicerContext[Any, Any]"
MAX_TEXT = 1024  # characters of a caller's name or reason


class IndexServicer(service.IndexServiceServicer):
    """The decisions people ask for. Who may ask was decided by the service that calls."""

    def __init__(self, indexing: IndexerService) -> None:
        self._indexing = indexing

    async def HandleHeld(
        self, request: pb.HandleHeldRequest, context: Context
    ) -> pb.HandleHeldResponse:
        """Release or drop."""
        del context
        state = _STATES.get(request.action)
        if state is None:
            raise InvalidRequest("the action is to release or to drop")
        if not request.caller:
            raise InvalidRequest("a decision has a caller")
        study = await self._indexing.handle_held(
            request.hold_id[:MAX_TEXT], state, request.caller[:MAX_TEXT], request.reason[:MAX_TEXT]
        )
        return pb.HandleHeldResponse(study_instance_uid=study)

    async def Rebuild(
        self, request: pb.RebuildRequest, context: Context
    ) -> AsyncIterator[pb.RebuildResponse]:
        """Rebuild and swap."""
        del context
        if not request.caller:
            raise InvalidRequest("a rebuild has a caller")
        applied = total = 0
        async for applied, total in self._indexing.rebuild():
            yield pb.RebuildResponse(applied_entries=applied, total_entries=total)
        yield pb.RebuildResponse(applied_entries=applied, total_entries=total, finished=True)

    async def CatchUp(self, request: pb.CatchUpRequest, context: Context) -> pb.CatchUpResponse:
        """Apply what is committed."""
        del request, context
        return pb.CatchUpResponse(applied_entries=await self._indexing.catch_up())


def servicer(indexing: IndexerService) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_IndexServiceServicer_to_server(IndexServicer(indexing), server)

    return add

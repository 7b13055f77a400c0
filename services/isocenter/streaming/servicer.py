"""StreamService over gRPC: proto in, own types out."""

from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Any, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1 import stream_service_pb2_grpc as service
from isocenter.conversion.table import FIRST_PART
from isocenter.errors import InvalidRequest
from isocenter.pixels.jobs import Shape
from isocenter.renditions.series_stream import Asked, read_have
from isocenter.streaming.finding import Finder, FindLevel, understand
from isocenter.streaming.parting import Taking
from isocenter.streaming.pieces import bounded
from isocenter.streaming.planning import Planned, Planner, Wanted
from isocenter.streaming.series_streams import SeriesStreams

BATCH = 200  # answers, or instances of a plan, in one message
PIECE_BYTES = 1 << 20
_LEVELS: dict[int, FindLevel] = {
    pb.FIND_LEVEL_PATIENT: "patient",
    pb.FIND_LEVEL_STUDY: "study",
    pb.FIND_LEVEL_SERIES: "series",
    pb.FIND_LEVEL_IMAGE: "image",
}
Context: TypeAlias = "ServicerContext[Any, Any]"


class StreamServicer(service.StreamServiceServicer):
    """Answers for the DICOM address and for other services. Who may ask was decided there."""

    def __init__(self, finder: Finder, planner: Planner, streams: SeriesStreams) -> None:
        self._finder = finder
        self._planner = planner
        self._streams = streams

    async def Find(
        self, request: pb.FindRequest, context: Context
    ) -> AsyncIterator[pb.FindResponse]:
        """The first message says which keys were ignored, also when nothing matches."""
        del context
        level = _LEVELS.get(request.level)
        if level is None:
            raise InvalidRequest("the level is patient, study, series or image")
        question = understand(level, request.identifier, is_fuzzy=request.fuzzy)
        yield pb.FindResponse(ignored_keys=question.ignored)
        async for page in self._finder.find(question):
            answers = iter(page)
            while batch := list(islice(answers, BATCH)):
                yield pb.FindResponse(answers=batch)

    async def Plan(
        self, request: pb.PlanRequest, context: Context
    ) -> AsyncIterator[pb.PlanResponse]:
        """The first message has the count, also when there is nothing."""
        del context
        level = _LEVELS.get(request.level)
        if level is None:
            raise InvalidRequest("the level is patient, study, series or image")
        wanted = Wanted(
            level,
            request.patient_id,
            request.issuer_of_patient_id,
            tuple(request.study_instance_uids),
            tuple(request.series_instance_uids),
            tuple(request.sop_instance_uids),
            _taking(request.taking),
        )
        plan = await self._planner.plan(wanted)
        yield pb.PlanResponse(total=len(plan))
        instances = map(_planned, plan)
        while batch := list(islice(instances, BATCH)):
            yield pb.PlanResponse(instances=batch)

    async def StreamStudy(
        self, request: pb.StreamStudyRequest, context: Context
    ) -> AsyncIterator[pb.StreamStudyResponse]:
        """The same records as over HTTP."""
        del context
        names = request.study_instance_uid, request.series_instance_uid
        opened = await self._streams.open(*names)
        asked = Asked(
            request.focus if request.HasField("focus") else len(opened.frames) // 2,
            request.first_level if request.HasField("first_level") else None,
            request.last_level if request.HasField("last_level") else None,
            read_have(request.have, len(opened.frames)) if request.of == opened.of else None,
        )
        async for piece in self._streams.records(opened, asked):
            for start in range(0, len(piece), PIECE_BYTES):
                content = bytes(piece[start : start + PIECE_BYTES])
                yield pb.StreamStudyResponse(content=content)

    async def Rewritten(
        self, request: pb.RewrittenRequest, context: Context
    ) -> AsyncIterator[pb.RewrittenResponse]:
        """The data set in pieces."""
        del context
        names = request.study_instance_uid, request.series_instance_uid, request.sop_instance_uid
        syntax = request.transfer_syntax_uid
        name = ""
        if request.HasField("shape") or request.lossy_quality:
            asked = request.shape
            shape = Shape(asked.frame_number, asked.part, request.lossy_quality)
            name, content = await self._planner.shaped(*names, syntax, shape)
        else:
            content = await self._planner.rewritten(*names, syntax)
        for piece in content:
            for part in bounded(piece):
                yield pb.RewrittenResponse(content=bytes(part), sop_instance_uid=name)
                name = ""


def _taking(asked: pb.Taking) -> Taking:
    return Taking(asked.single_frames, asked.max_series_instances, asked.split_phases)


def _planned(planned: Planned) -> pb.PlannedInstance:
    stored = planned.stored
    is_shaped = planned.frame_number or planned.part > FIRST_PART
    shape = pb.Shape(frame_number=planned.frame_number, part=planned.part) if is_shaped else None
    return pb.PlannedInstance(
        study_instance_uid=stored.viewed.study_instance_uid,
        series_instance_uid=stored.viewed.series_instance_uid,
        sop_instance_uid=stored.viewed.sop_instance_uid,
        sop_class_uid=planned.sop_class_uid,
        transfer_syntax_uid=stored.transfer_syntax_uid,
        object_key=stored.object_key,
        dataset_offset=stored.dataset_offset,
        size_bytes=stored.size_bytes,
        shape=shape,
        edited=stored.viewed.edited is not None,
    )


def servicer(finder: Finder, planner: Planner, streams: SeriesStreams) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_StreamServiceServicer_to_server(
            StreamServicer(finder, planner, streams), server
        )

    return add

"""StreamService over gRPC: proto in, own types out."""

from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Any, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1 import stream_service_pb2_grpc as service
from isocenter.conversion.table import FIRST_PART
from isocenter.dicomweb.rendering_parameters import MAX_SIDE
from isocenter.errors import InvalidRequest
from isocenter.pixels.jobs import Shape
from isocenter.pixels.rendering import Rendering, Viewport, VoiFunction, Window
from isocenter.renditions.series_stream import Asked, read_have
from isocenter.streaming.finding import Finder, FindLevel, understand
from isocenter.streaming.parting import Taking
from isocenter.streaming.pictures import JPEG, PNG, QUALITY, Pictures
from isocenter.streaming.pieces import bounded
from isocenter.streaming.planning import MAX_QUALITY, Planned, Planner, Wanted
from isocenter.streaming.series_streams import SeriesStreams
from isocenter.streaming.stored import Instances

BATCH = 200  # answers, or instances of a plan, in one message
PIECE_BYTES = 1 << 20
_LEVELS: dict[int, FindLevel] = {
    pb.FIND_LEVEL_PATIENT: "patient",
    pb.FIND_LEVEL_STUDY: "study",
    pb.FIND_LEVEL_SERIES: "series",
    pb.FIND_LEVEL_IMAGE: "image",
}
_PICTURES = {
    pb.PICTURE_TYPE_UNSPECIFIED: JPEG,
    pb.PICTURE_TYPE_JPEG: JPEG,
    pb.PICTURE_TYPE_PNG: PNG,
}
_FUNCTIONS: dict[int, VoiFunction] = {
    pb.VOI_FUNCTION_UNSPECIFIED: "LINEAR",
    pb.VOI_FUNCTION_LINEAR: "LINEAR",
    pb.VOI_FUNCTION_LINEAR_EXACT: "LINEAR_EXACT",
    pb.VOI_FUNCTION_SIGMOID: "SIGMOID",
}
Context: TypeAlias = "ServicerContext[Any, Any]"


class StreamServicer(service.StreamServiceServicer):
    """Answers for the DICOM address and for other services. Who may ask was decided there."""

    def __init__(
        self,
        finder: Finder,
        planner: Planner,
        streams: SeriesStreams,
        instances: Instances,
        pictures: Pictures,
    ) -> None:
        self._finder = finder
        self._planner = planner
        self._streams = streams
        self._instances = instances
        self._pictures = pictures

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

    async def Render(self, request: pb.RenderRequest, context: Context) -> pb.RenderResponse:
        """A picture as over HTTP, kept for the next who asks for the same."""
        del context
        names = request.study_instance_uid, request.series_instance_uid, request.sop_instance_uid
        rendering = _rendering(request)
        stored = await self._instances.get(*names)
        picture = await self._pictures.picture(stored, request.frame, rendering)
        return pb.RenderResponse(media_type=rendering.media_type, content=picture)


def _rendering(request: pb.RenderRequest) -> Rendering:
    """Raises InvalidRequest for what no picture can be made by."""
    quality = request.quality or QUALITY
    if quality > MAX_QUALITY or max(request.width, request.height) > MAX_SIDE:
        raise InvalidRequest(f"quality is 1 to {MAX_QUALITY}, width and height at most {MAX_SIDE}")
    window = None
    if request.HasField("window"):
        function = _FUNCTIONS.get(request.window.function)
        width = request.window.width
        if function is None or not width > 0 or (function == "LINEAR" and width < 1):
            raise InvalidRequest("a window has a known function, and a width that is enough for it")
        window = Window(request.window.center, width, function)
    viewport = None
    if request.width and request.height:
        viewport = Viewport(request.width, request.height)
    media_type = _PICTURES.get(request.type)
    if media_type is None:
        raise InvalidRequest("a picture is a JPEG or a PNG")
    return Rendering(media_type, quality, window, viewport)


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


def servicer(answers: StreamServicer) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_StreamServiceServicer_to_server(answers, server)

    return add

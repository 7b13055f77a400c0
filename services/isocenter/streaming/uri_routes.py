"""The URI service, WADO-URI (PS3.18 9): one instance by a query, as an object or as a picture."""

from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, LOSSLESS_WRITTEN
from isocenter.dicomweb.multipart_response import part_content_type
from isocenter.dicomweb.negotiation import AS_STORED, DICOM, Form
from isocenter.dicomweb.uri_parameters import PICTURES, UriParameters, uri_parameters
from isocenter.errors import NotAcceptable
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import caching, respond_ranged, unchanged
from isocenter.streaming.rendered_routes import RenderedRoutes
from isocenter.streaming.retrieve_routes import RetrieveRoutes, variant_of
from isocenter.streaming.stored import Instances, Stored
from isocenter.streaming.view import entity_tag

PATH = "/wado"


class UriRoutes:
    """The handler; what it sends is made by the handlers of the RESTful resources."""

    def __init__(
        self, instances: Instances, retrieving: RetrieveRoutes, rendering: RenderedRoutes
    ) -> None:
        self._instances = instances
        self._retrieving = retrieving
        self._rendering = rendering

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("GET", PATH, Action.RETRIEVE, self.retrieve)]

    async def retrieve(self, request: Request) -> None:
        """Without a contentType images are JPEG, everything else and cine loops are objects (PS3.18 9.1.2.2.1)."""
        asked = uri_parameters(request.query)
        stored = await self._instances.get(asked.study, asked.series, asked.instance)
        media_type = asked.media_type or _default(asked, stored)
        if media_type in PICTURES:
            await self._rendering.respond(request, stored, media_type, asked.rendering, asked.frame)
        else:
            await self._object(request, stored, asked)

    async def _object(self, request: Request, stored: Stored, asked: UriParameters) -> None:
        if asked.frame:
            raise NotAcceptable("one frame of an object is available as a picture")
        form = _form(asked.transfer_syntax_uid, stored)
        etag = entity_tag(stored.viewed, f"u{variant_of(form)}")
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        headers.append(("Content-Type", part_content_type(DICOM, form.transfer_syntax_uid)))
        pieces = await self._retrieving.content(stored, form)
        await respond_ranged(request, headers, pieces, etag)


def _default(asked: UriParameters, stored: Stored) -> str:
    is_one_picture = stored.layout is not None and (
        stored.layout.number_of_frames == 1 or asked.frame
    )
    return PICTURES[0] if is_one_picture and stored.image is not None else DICOM


def _form(asked_uid: str, stored: Stored) -> Form:
    """Explicit VR Little Endian unless another is asked for (PS3.18 9.1.2.2.2)."""
    if asked_uid in (AS_STORED, stored.transfer_syntax_uid):
        return Form(DICOM, stored.transfer_syntax_uid, multipart=False)
    if asked_uid in ("", EXPLICIT_VR_LITTLE_ENDIAN):
        return Form(DICOM, EXPLICIT_VR_LITTLE_ENDIAN, multipart=False, decoded=True)
    if asked_uid in LOSSLESS_WRITTEN and stored.layout is not None:
        return Form(DICOM, asked_uid, multipart=False, decoded=True)
    raise NotAcceptable("this object is not available in that transfer syntax")

"""STOW-RS (PS3.18 10.5): instances come as files, or as metadata with bulk data, and are durable before the answer."""

from collections.abc import Callable
from functools import partial
from typing import Any

from isocenter.dicom.uids import is_valid_uid
from isocenter.dicomweb.base_url import PREFIX, base_url
from isocenter.dicomweb.media_types import MediaType, acceptable, parse_media_type
from isocenter.dicomweb.metadata import read_json
from isocenter.dicomweb.native_xml import read_xml
from isocenter.dicomweb.negotiation import XML
from isocenter.errors import InvalidRequest, NotAcceptable, UnsupportedMediaType
from isocenter.ingest.deciding import require_caller
from isocenter.ingest.import_route import OneFile
from isocenter.ingest.metadata_upload import MetadataUpload
from isocenter.ingest.receive import Incoming, Receiver
from isocenter.ingest.senders import http_sender
from isocenter.ingest.stow_answer import MEDIA_TYPE, answer
from isocenter.ingest.upload import DICOM, PartResult, Upload
from isocenter.ingest.workers import Workers
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

_ANSWERS = (MEDIA_TYPE, "application/json")


class Stow:
    """The handlers. `public_url` is the origin clients use, empty when they may be told what they said themselves."""

    def __init__(self, receiver: Receiver, workers: Workers, public_url: str = "") -> None:
        self._receiver = receiver
        self._workers = workers
        self._public_url = public_url.rstrip("/")

    async def store(self, request: Request) -> None:
        """Store the parts of a request; each is answered for by itself."""
        require_caller(request.caller)
        study = request.params.get("study", "")
        if study and not is_valid_uid(study):
            raise InvalidRequest("not a UID")
        _check_accept(request)
        media_type = _media_type(request)
        sender = http_sender(request, "stow")
        begin = partial(self._receiver.begin_part10, sender, study_instance_uid=study)
        async with self._workers.turn():
            if media_type.name in DICOM:
                results = await self._single(request, begin)
            else:
                upload = self._upload(media_type, begin)
                await self._workers.pour(request, upload)
                results = await self._workers.run(upload.close)
        if not results:
            raise InvalidRequest("the request holds no instance")
        base = base_url(request.headers, request.port, self._public_url)
        status, body = answer(results, base)
        headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store")]
        await request.respond(status, body, headers)

    def _upload(
        self, media_type: MediaType, begin: Callable[[], Incoming]
    ) -> "Upload | MetadataUpload":
        boundary, kind = media_type.parameter("boundary"), media_type.parameter("type").lower()
        if kind in DICOM:
            return Upload(boundary, begin, self._workers.finishers)
        read = read_json if kind == MEDIA_TYPE else _read_one_xml
        return MetadataUpload(boundary, kind, read, begin, self._receiver.begin_bulk)

    async def _single(self, request: Request, begin: Callable[[], Incoming]) -> list[PartResult]:
        """A body that is one instance (PS3.18 10.5.2.1)."""
        sink = OneFile(await self._workers.run(begin))
        await self._workers.pour(request, sink)
        return [await self._workers.run(sink.finish)]

    def routes(self) -> list[Route]:
        """Both resources (PS3.18 Table 10.5.1-1)."""
        return [
            Route("POST", f"{PREFIX}/studies", Action.STORE, self.store),
            Route("POST", f"{PREFIX}/studies/{{study}}", Action.STORE, self.store),
        ]


def _check_accept(request: Request) -> None:
    wanted = acceptable(
        request.headers.get("accept", ""),
        [value for name, value in request.query if name == "accept"],
    )
    if not any(media_type.covers(name) for media_type in wanted for name in _ANSWERS):
        raise NotAcceptable("the answer is application/dicom+json")


def _read_one_xml(content: bytes) -> list[dict[str, Any]]:
    return [read_xml(content)]


def _media_type(request: Request) -> MediaType:
    """Check the body's media type before anything is read of it."""
    text = request.headers.get("content-type", "")
    if not text:
        raise UnsupportedMediaType("the body has no media type")
    media_type = parse_media_type(text)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaType("the body is compressed")
    if media_type.name == "application/dicom":
        return media_type
    if media_type.name != "multipart/related":
        raise UnsupportedMediaType("the body is neither multipart/related nor application/dicom")
    if media_type.parameter("type").lower() not in (*DICOM, MEDIA_TYPE, XML):
        raise UnsupportedMediaType("the parts are neither application/dicom nor its metadata")
    return media_type

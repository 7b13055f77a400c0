"""Whole instances for receivers that know no enhanced multi-frame objects: each of their frames as a classic image."""

from collections.abc import AsyncIterator, Sequence

from isocenter.conversion.table import is_enhanced
from isocenter.dicomweb import multipart_response as multipart
from isocenter.dicomweb.negotiation import DICOM
from isocenter.errors import LimitExceeded, NotAcceptable, UnsupportedSyntax
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Body, Request, Route
from isocenter.streaming.answers import caching, unchanged
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.pieces import write_pieces
from isocenter.streaming.stored import Instances, Stored, stored_of
from isocenter.streaming.view import entity_tag_of_many, view

VARIANT = "classic-1"  # the number rises when other files are made of the same object
_UNDIVIDED = (NotAcceptable, LimitExceeded, UnsupportedSyntax)


class ClassicRoutes:
    """Handlers of study, series and instance. Some frames at a time are in memory."""

    def __init__(self, instances: Instances, objects: ObjectsView, decoding: Decoding) -> None:
        self._instances = instances
        self._objects = objects
        self._decoding = decoding

    def routes(self) -> list[Route]:
        """All of them."""
        study = "/api/studies/{study}"
        series = f"{study}/series/{{series}}"
        levels = (study, series, f"{series}/instances/{{instance}}")
        return [Route("GET", f"{level}/classic", Action.RETRIEVE, self.classic) for level in levels]

    async def classic(self, request: Request) -> None:
        """Part 10 files, one part each, pixels as stored; what is not enhanced, or cannot be divided, as it is."""
        rows = await self._rows(request.params)
        found = [stored_of(row, described=False) for row in rows]
        del rows
        etag = entity_tag_of_many([one.viewed for one in found], VARIANT)
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        headers.append(("Content-Type", multipart.content_type(DICOM)))
        await request.start(200, headers)
        is_first = True
        for one in found:
            async for file in self._files(one):
                head = multipart.head(DICOM, one.transfer_syntax_uid, first=is_first)
                await request.write(head)
                await write_pieces(request, file, last=False)
                is_first = False
        await request.write(multipart.TAIL, more=False)

    async def _rows(self, params: dict[str, str]) -> list[InstanceRow]:
        if "instance" in params:
            found = await self._instances.row(params["study"], params["series"], params["instance"])
            return [found]
        return await self._instances.rows(params["study"], params.get("series"))

    async def _files(self, stored: Stored) -> AsyncIterator[Sequence[Body]]:
        first = 1
        try:
            while is_enhanced(stored.sop_class_uid):
                divided = await self._decoding.classic(stored, first)
                for file in divided.files:
                    yield view(stored.viewed, "file", (file,))
                first += len(divided.files)
                if first > divided.number_of_frames:
                    return
        except _UNDIVIDED:
            if first > 1:  # some of it was sent
                raise
        size = stored.size_bytes
        content = await self._objects.piece(stored.object_key, size, 0, size)
        yield view(stored.viewed, "file", (content,))

"""WADO-RS retrieval of whole instances (PS3.18 10.4): stored Part 10 files, one part each, sent as they lie."""

import asyncio
from collections.abc import Sequence

from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, LOSSLESS_WRITTEN
from isocenter.dicomweb import multipart_response as multipart
from isocenter.dicomweb.negotiation import DICOM, Form, instance_form
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Body, Request, Route
from isocenter.streaming.answers import accepted, caching, respond_ranged, unchanged
from isocenter.streaming.base_url import PREFIX
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.pieces import write_pieces
from isocenter.streaming.stored import Instances, Stored, stored_of
from isocenter.streaming.view import entity_tag, entity_tag_of_many, view

_ATTACHED = ("Content-Disposition", "attachment")
AHEAD = 4  # instances that a store on a server is asked for while one is sent
PAUSE_EVERY = 64  # instances: lets others run when a client is gone and nothing waits


class RetrieveRoutes:
    """Handlers of study, series and instance."""

    def __init__(self, instances: Instances, objects: ObjectsView, decoding: Decoding) -> None:
        self._instances = instances
        self._objects = objects
        self._decoding = decoding

    def routes(self) -> list[Route]:
        """All of them."""
        study = f"{PREFIX}/studies/{{study}}"
        series = f"{study}/series/{{series}}"
        return [
            Route("GET", study, Action.RETRIEVE, self.many),
            Route("GET", series, Action.RETRIEVE, self.many),
            Route("GET", f"{series}/instances/{{instance}}", Action.RETRIEVE, self.one),
        ]

    async def one(self, request: Request) -> None:
        """One instance, multipart or alone; ranges count from the body's first byte."""
        params = request.params
        stored = await self._instances.get(params["study"], params["series"], params["instance"])
        form = instance_form(
            accepted(request),
            [stored.transfer_syntax_uid],
            single=True,
            compressible=stored.layout is not None,
        )
        etag = entity_tag(stored.viewed, f"{variant_of(form)}{'m' if form.multipart else ''}")
        headers = [*caching(etag), _ATTACHED]
        if await unchanged(request, etag, headers):
            return
        content = await self.content(stored, form)
        pieces: Sequence[Body] = content
        if form.multipart:
            head = multipart.head(DICOM, form.transfer_syntax_uid)
            pieces = [head, *content, multipart.TAIL]
            headers.append(
                ("Content-Type", multipart.content_type(DICOM, form.transfer_syntax_uid))
            )
        else:
            headers.append(
                ("Content-Type", multipart.part_content_type(DICOM, form.transfer_syntax_uid))
            )
        release = self._objects.releasing(stored.object_key, stored.size_bytes)
        await respond_ranged(request, headers, pieces, etag, release)

    async def many(self, request: Request) -> None:
        """All instances of a study or series; each is opened when its turn comes."""
        params = request.params
        rows = await self._instances.rows(params["study"], params.get("series"))
        form = instance_form(
            accepted(request), {row.transfer_syntax_uid for row in rows}, single=False
        )
        found = [stored_of(row, described=form.decoded) for row in rows]
        del rows
        etag = entity_tag_of_many([one.viewed for one in found], variant_of(form))
        headers = [*caching(etag), _ATTACHED]
        if await unchanged(request, etag, headers):
            return
        headers.append(("Content-Type", multipart.content_type(DICOM, form.transfer_syntax_uid)))
        if not (form.decoded or any(one.viewed.edited for one in found)):
            headers.append(("Content-Length", str(_length(found))))
        await request.start(200, headers)
        self._expect(found[1:AHEAD])
        for place, one in enumerate(found):
            await request.write(_head(one, form, first=place == 0))
            self._expect(found[place + AHEAD : place + AHEAD + 1])
            await self._write(request, one, form)
            if place % PAUSE_EVERY == PAUSE_EVERY - 1:
                await asyncio.sleep(0)
        await request.write(multipart.TAIL, more=False)

    def _expect(self, later: Sequence[Stored]) -> None:
        for one in later:
            self._objects.expect(one.object_key, one.size_bytes)

    async def _write(self, request: Request, stored: Stored, form: Form) -> None:
        release = self._objects.releasing(stored.object_key, stored.size_bytes)
        content = await self.content(stored, form)
        await write_pieces(request, content, last=False, release=release)
        release()

    async def content(self, stored: Stored, form: Form) -> Sequence[Body]:
        """The file in pieces, as it is to be seen."""
        content: Body
        syntax = syntax_sent(stored, form)
        if syntax == stored.transfer_syntax_uid:
            size = stored.size_bytes
            content = await self._objects.piece(stored.object_key, size, 0, size)
        else:
            content = await self._decoding.rewritten(stored, syntax)
        return view(stored.viewed, "file", (content,))


def syntax_sent(stored: Stored, form: Form) -> str:
    """The transfer syntax an instance is sent in: without pixels there is nothing to be compressed."""
    if not form.decoded:
        return stored.transfer_syntax_uid
    if form.transfer_syntax_uid in LOSSLESS_WRITTEN and stored.layout is None:
        return EXPLICIT_VR_LITTLE_ENDIAN
    return form.transfer_syntax_uid


def variant_of(form: Form) -> str:
    """What tells the forms of an instance apart in its entity tag."""
    if not form.decoded:
        return "s"
    return (
        "d" if form.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN else form.transfer_syntax_uid
    )


def _head(stored: Stored, form: Form, *, first: bool) -> bytes:
    return multipart.head(DICOM, syntax_sent(stored, form), first=first)


def _length(found: Sequence[Stored]) -> int:
    """Length of the whole answer, as stored."""
    form = Form(DICOM, "", multipart=True)
    heads = sum(len(_head(one, form, first=n == 0)) for n, one in enumerate(found))
    return heads + sum(one.size_bytes for one in found) + len(multipart.TAIL)

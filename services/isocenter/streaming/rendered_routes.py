"""Rendered pictures and thumbnails (PS3.18 10.4.1.1 and 8.3.5), made by the codec processes and kept."""

from hashlib import sha256

from isocenter.dicomweb import multipart_response as multipart
from isocenter.dicomweb.negotiation import choose, choose_part
from isocenter.dicomweb.rendering_parameters import RenderingParameters, rendering_parameters
from isocenter.errors import NotAcceptable, NotFound
from isocenter.pixels.rendering import THUMBNAIL_SIDE, Rendering, Viewport, VoiFunction, Window
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import accepted, caching, respond_ranged, unchanged
from isocenter.streaming.base_url import PREFIX, base_url
from isocenter.streaming.frame_routes import frame_numbers
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.packs import PackTables, Thumbnail
from isocenter.streaming.pictures import JPEG, PNG, QUALITY, Pictures, representative
from isocenter.streaming.stored import Instances, Stored, check_uids, viewed_of
from isocenter.streaming.view import Viewed, entity_tag, entity_tag_of_many, view

PICTURES = (JPEG, PNG)
_FUNCTIONS: dict[str, VoiFunction] = {
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}


class RenderedRoutes:
    """Handlers of pictures."""

    def __init__(
        self,
        instances: Instances,
        pictures: Pictures,
        packs: PackTables,
        objects: ObjectsView,
        public_url: str = "",
    ) -> None:
        self._instances = instances
        self._pictures = pictures
        self._packs = packs
        self._objects = objects
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """All of them."""
        study = f"{PREFIX}/studies/{{study}}"
        series = f"{study}/series/{{series}}"
        instance = f"{series}/instances/{{instance}}"
        frame = f"{instance}/frames/{{frames}}"
        made = [
            Route("GET", f"{level}/rendered", Action.RETRIEVE, self.rendered)
            for level in (instance, frame)
        ]
        made += [
            Route("GET", f"{level}/rendered", Action.RETRIEVE, self.rendered_many)
            for level in (study, series)
        ]
        thumbnails = (study, series, instance, frame)
        return made + [
            Route("GET", f"{level}/thumbnail", Action.RETRIEVE, self.thumbnail)
            for level in thumbnails
        ]

    async def rendered(self, request: Request) -> None:
        """A picture in full size, or fitted into the viewport."""
        await self._respond(request, None)

    async def rendered_many(self, request: Request) -> None:
        """A picture of every image of a study or series, one part each; what cannot be decoded is left out."""
        media_type = choose_part(accepted(request), PICTURES)
        asked = rendering_parameters(request.query)
        rendering = _rendering(asked, media_type, None)
        rows = await self._instances.rows(request.params["study"], request.params.get("series"))
        names = [viewed_of(row) for row in rows if row.pixel_data]
        del rows
        if not names:
            raise NotFound("there is no image here")
        variant = sha256(repr(rendering).encode()).hexdigest()[:16]
        etag = entity_tag_of_many(names, variant)
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        headers.append(("Content-Type", multipart.content_type(media_type)))
        is_first = True
        for viewed in names:
            try:
                stored = await self._instances.get(
                    viewed.study_instance_uid, viewed.series_instance_uid, viewed.sop_instance_uid
                )
                picture = await self._pictures.picture(stored, 0, rendering)
            except NotAcceptable:
                continue
            if is_first:
                await request.start(200, headers)
            await request.write(multipart.head(media_type, first=is_first))
            await request.write(picture)
            is_first = False
        if is_first:
            raise NotAcceptable("none of these images can be decoded")
        await request.write(multipart.TAIL, more=False)

    async def thumbnail(self, request: Request) -> None:
        """A small picture; of a study or series, that of its middle instance, out of a pack when it is there."""
        params = request.params
        if "series" in params and "instance" not in params and not request.query:
            packed = await self._packed_thumbnail(params["study"], params["series"])
            if packed is not None and choose(accepted(request), PICTURES) == PICTURES[0]:
                await self._respond_packed(request, *packed)
                return
        await self._respond(request, Viewport(THUMBNAIL_SIDE, THUMBNAIL_SIDE))

    async def _packed_thumbnail(self, study: str, series: str) -> tuple[Viewed, Thumbnail] | None:
        check_uids(study, series)
        found = await self._packs.thumbnail(study, series)
        if found is None:
            return None
        instance = found.packed.instance
        try:
            stored = await self._instances.get(study, series, instance.sop_instance_uid)
        except NotFound:
            return None
        return (stored.viewed, found) if stored.viewed.digest == instance.digest else None

    async def _respond_packed(self, request: Request, viewed: Viewed, thumbnail: Thumbnail) -> None:
        packed, start = thumbnail.packed, thumbnail.offset
        etag = entity_tag(viewed, f"t{packed.key.rpartition('/')[2][:24]}")
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        try:
            picture = await self._objects.piece(
                packed.key, packed.size_bytes, start, start + thumbnail.length
            )
        except NotFound:  # put together with others this moment
            self._packs.forget(viewed)
            await self._respond(request, Viewport(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            return
        headers.append(("Content-Type", PICTURES[0]))
        await respond_ranged(request, headers, view(viewed, "picture", (picture,)), etag)

    async def _respond(self, request: Request, viewport: Viewport | None) -> None:
        media_type = choose(accepted(request), PICTURES)
        asked = rendering_parameters(request.query)
        frames = request.params.get("frames")
        number = self._number(frames) if frames is not None else 0
        stored = await self._stored(request)
        await self.respond(request, stored, media_type, asked, number, viewport)

    async def respond(
        self,
        request: Request,
        stored: Stored,
        media_type: str,
        asked: RenderingParameters,
        number: int,
        viewport: Viewport | None = None,
    ) -> None:
        """Answer with a picture of a frame, 0 for the one that stands for the whole."""
        rendering = _rendering(asked, media_type, viewport)
        document = b""
        if not number:
            document = await self._pictures.document(stored)
            number = representative(document, stored)
        variant = sha256(repr((number, rendering)).encode()).hexdigest()[:16]
        etag = entity_tag(stored.viewed, variant)
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        picture = await self._pictures.picture(stored, number, rendering, document)
        headers.append(("Content-Type", media_type))
        if asked.annotation:
            listed = ", ".join(asked.annotation)
            text = f"The following annotation values are not supported: {listed}"
            headers.append(("Warning", f"299 {base_url(request, self._public_url)}: {text}"))
        await respond_ranged(request, headers, (picture,), etag)

    async def _stored(self, request: Request) -> Stored:
        params = request.params
        if "instance" in params:
            return await self._instances.get(params["study"], params["series"], params["instance"])
        rows = await self._instances.rows(params["study"], params.get("series"))
        pictures = [row for row in rows if row.pixel_data]
        if not pictures:
            raise NotFound("there is no image here")
        middle = pictures[len(pictures) // 2]
        return await self._instances.get(
            middle.study_instance_uid, middle.series_instance_uid, middle.sop_instance_uid
        )

    @staticmethod
    def _number(text: str) -> int:
        numbers = frame_numbers(text)
        if len(numbers) != 1:
            raise NotAcceptable("one frame at a time can be rendered")
        return numbers[0]


def _rendering(asked: RenderingParameters, media_type: str, viewport: Viewport | None) -> Rendering:
    window = None
    if asked.window is not None:
        center, width, function = asked.window
        window = Window(center, width, _FUNCTIONS[function])
    if asked.viewport is not None:
        viewport = _viewport(asked.viewport)
    return Rendering(media_type, asked.quality or QUALITY, window, viewport)


def _viewport(numbers: tuple[float | None, ...]) -> Viewport:
    width, height, left, top, region_width, region_height = (*numbers, *[None] * 4)[:6]
    return Viewport(
        int(width or 1), int(height or 1), left or 0.0, top or 0.0, region_width, region_height
    )

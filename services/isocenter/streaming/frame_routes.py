"""Frames and bulk data of an instance (PS3.18 10.4): byte ranges of what is stored, sent without a copy."""

from collections.abc import Sequence
from hashlib import sha256

from isocenter.dicom.keys import DIGEST_IN_KEY
from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_RPCL,
    OCTET_STREAM,
)
from isocenter.dicomweb import multipart_response as multipart
from isocenter.dicomweb.negotiation import Form, bulk_form, frame_form, names_streamed
from isocenter.errors import InvalidRequest, LimitExceeded, NotFound
from isocenter.pixels.image import Image
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Body, Request, Route
from isocenter.streaming.answers import IMMUTABLE, accepted, caching, respond_ranged, unchanged
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.packs import Packed, PackTables
from isocenter.streaming.stored import Instances, Stored
from isocenter.streaming.view import entity_tag, view

MAX_FRAMES_AT_ONCE = 10_000
MAX_LIST_CHARACTERS = 60_000
MIN_ALIKE_BITS, MAX_ALIKE_BITS = 8, 16  # allocated: decoders of HTJ2K give samples of 8 or 16
INSTANCE = "/dicom-web/studies/{study}/series/{series}/instances/{instance}"


class FrameRoutes:
    """Handlers of frames and bulk data."""

    def __init__(
        self,
        instances: Instances,
        objects: ObjectsView,
        decoding: Decoding,
        packs: PackTables,
    ) -> None:
        self._instances = instances
        self._objects = objects
        self._decoding = decoding
        self._packs = packs

    def routes(self) -> list[Route]:
        """All of them."""
        bulk = f"{INSTANCE}/bulkdata/{{digest}}/{{offset}}/{{length}}"
        return [
            Route("GET", f"{INSTANCE}/frames/{{frames}}", Action.RETRIEVE, self.frames),
            Route("GET", bulk, Action.RETRIEVE, self.bulk),
        ]

    async def frames(self, request: Request) -> None:
        """One or more frames: as stored by default, from a pack or as Explicit VR Little Endian when asked."""
        params = request.params
        numbers = frame_numbers(params["frames"])
        stored = await self._instances.get(params["study"], params["series"], params["instance"])
        wanted = accepted(request)
        packed = await self._packs.of(stored.viewed) if names_streamed(wanted) else None
        form = frame_form(
            wanted,
            stored.transfer_syntax_uid,
            single=len(numbers) == 1,
            is_packed=packed is not None and packed.instance.transfer_syntax_uid == HTJ2K_RPCL,
            is_alike=_is_alike(stored.image),
        )
        if form.streamed and packed is not None:
            await self._streamed(request, stored, packed, numbers, form)
            return
        etag = entity_tag(stored.viewed, _variant(form, params["frames"]))
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        contents = [await self._frame(stored, number, form) for number in numbers]
        pieces = view(stored.viewed, "frame", _enclosed(contents, form))
        headers.append(("Content-Type", _content_type(form)))
        release = self._objects.releasing(stored.object_key, stored.size_bytes)
        await respond_ranged(request, headers, pieces, etag, release)

    async def _streamed(
        self, request: Request, stored: Stored, packed: Packed, numbers: list[int], form: Form
    ) -> None:
        """Frames out of a pack. A range of a single part is one of the codestream, so that it can end at a level."""
        etag = entity_tag(stored.viewed, f"p{packed.version(numbers):x}{_variant(form, '')}")
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        try:
            contents = await self._packed(packed, numbers)
        except NotFound:  # the pack was put together with others this moment
            self._packs.forget(stored.viewed)
            packed = await self._packs.of(stored.viewed) or packed
            contents = await self._packed(packed, numbers)
        pieces = view(stored.viewed, "frame", _enclosed(contents, form))
        headers.append(("Content-Type", _content_type(form)))
        release = self._objects.releasing(packed.key, packed.size_bytes)
        await respond_ranged(request, headers, pieces, etag, release)

    async def _packed(self, packed: Packed, numbers: Sequence[int]) -> list[list[Body]]:
        return [
            [await self._objects.piece(packed.key, packed.size_bytes, *packed.range(number))]
            for number in numbers
        ]

    async def bulk(self, request: Request) -> None:
        """A value that was too long for the metadata, or any range of the object that its digest names."""
        params = request.params
        stored = await self._instances.get(params["study"], params["series"], params["instance"])
        if params["digest"] != stored.viewed.digest[:DIGEST_IN_KEY]:
            raise NotFound("these bulk data belong to other bytes of this instance")
        start = _place(params["offset"])
        end = start + _place(params["length"])
        form = bulk_form(accepted(request))
        etag = entity_tag(stored.viewed, f"b{start:x}-{end:x}{'m' if form.multipart else ''}")
        headers = caching(etag, IMMUTABLE)
        if await unchanged(request, etag, headers):
            return
        content = [await self._range(stored, start, end)]
        pieces = view(stored.viewed, "bulk", _enclosed([content], form))
        headers.append(("Content-Type", _content_type(form)))
        release = self._objects.releasing(stored.object_key, stored.size_bytes)
        await respond_ranged(request, headers, pieces, etag, release)

    async def _frame(self, stored: Stored, number: int, form: Form) -> list[Body]:
        place = stored.frame(number)
        if form.decoded or place.first_bit:
            # frames that start inside a byte or a swapped word are moved to its start by unpacking them
            return [await self._decoded(stored, number)]
        return [await self._range(stored, start, end) for start, end in place.ranges]

    async def _decoded(self, stored: Stored, number: int) -> bytes:
        samples = await self._decoding.frame(stored, number)
        return pack_bits(samples) if stored.described().bits_allocated == 1 else samples

    async def _range(self, stored: Stored, start: int, end: int) -> Body:
        if stored.deflated:
            return await self._decoding.inflated(stored, start, end)
        if end > stored.size_bytes:
            raise NotFound("the range lies outside the stored object")
        return await self._objects.piece(stored.object_key, stored.size_bytes, start, end)


def _is_alike(image: Image | None) -> bool:
    """Whether a pack's frame decodes to what the metadata tell of the stored one: how viewers read it."""
    if image is None or not MIN_ALIKE_BITS <= image.bits_allocated <= MAX_ALIKE_BITS:
        return False
    if image.samples_per_pixel == 1:
        return True
    return image.photometric_interpretation == "RGB" and image.planar_configuration == 0


def frame_numbers(text: str) -> list[int]:
    """Read a list such as `1,4,2`; raises InvalidRequest."""
    if len(text) > MAX_LIST_CHARACTERS:
        raise LimitExceeded("too many frames at once", max_frames=MAX_FRAMES_AT_ONCE)
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 0 < len(part) < 11 for part in parts):
        raise InvalidRequest("frames are numbers from 1, joined by commas")
    if len(parts) > MAX_FRAMES_AT_ONCE:
        raise LimitExceeded("too many frames at once", max_frames=MAX_FRAMES_AT_ONCE)
    return [int(part) for part in parts]


def pack_bits(samples: bytes) -> bytes:
    """Samples of 0 and 1 as bits, the first the least significant of the first byte (PS3.5 8.1.1)."""
    bits = samples.translate(_AS_DIGITS)[::-1]
    return int(bits, 2).to_bytes((len(samples) + 7) // 8, "little") if bits else b""


_AS_DIGITS = bytes([48]) + bytes([49]) * 255


def _place(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidRequest("offset and length are numbers of bytes")
    return int(text)


def _enclosed(contents: Sequence[Sequence[Body]], form: Form) -> list[Body]:
    """Part heads, contents and tail; the content alone when single-part."""
    if not form.multipart:
        return [piece for content in contents for piece in content]
    pieces: list[Body] = []
    for place, content in enumerate(contents):
        pieces.append(multipart.head(form.media_type, form.transfer_syntax_uid, first=place == 0))
        pieces += content
    pieces.append(multipart.TAIL)
    return pieces


def _content_type(form: Form) -> str:
    write = multipart.content_type if form.multipart else multipart.part_content_type
    return write(form.media_type, form.transfer_syntax_uid)


def _variant(form: Form, frames: str) -> str:
    kind = "d" if form.decoded and form.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN else "s"
    octets = "o" if form.media_type == OCTET_STREAM else "c"
    listed = frames if frames.isdigit() else sha256(frames.encode()).hexdigest()[:16]
    return f"{kind}{octets}{'m' if form.multipart else ''}-{listed}"

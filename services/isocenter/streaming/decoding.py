"""What has to be decoded is asked of the codec processes here, and kept for the next reader."""

import asyncio
import time
from dataclasses import replace
from weakref import WeakValueDictionary

from isocenter.dicom.frames import Frame
from isocenter.dicom.transfer_syntaxes import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    LOSSLESS_WRITTEN,
    transfer_syntax,
)
from isocenter.errors import InvalidInstance, LimitExceeded, NotAcceptable
from isocenter.pixels.described import vr_place
from isocenter.pixels.divided import Divided, divided_of
from isocenter.pixels.image import Image
from isocenter.pixels.jobs import Job, Kind, Shape
from isocenter.pixels.pool import CodecPool, PoolLimits
from isocenter.pixels.rendering import Rendering
from isocenter.pixels.source import Source
from isocenter.runtime.metrics import METRICS
from isocenter.streaming.cache import Lru
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.stored import Stored

CLASSIC_BYTES = 16 << 20  # of the files that are made of an enhanced object at once


class Decoding:
    """Decoded frames, pictures, and objects rewritten in Explicit VR Little Endian."""

    def __init__(self, objects: ObjectsView, settings: StreamingSettings) -> None:
        self._objects = objects
        self._max_bytes = settings.max_decoded_bytes
        self._frames: Lru[tuple[str, int, int], bytes] = Lru(settings.frame_cache_bytes)
        self._pictures: Lru[tuple[str, int, int, Rendering], bytes] = Lru(
            settings.picture_cache_bytes
        )
        self._files: Lru[tuple[str, int, str], bytes] = Lru(settings.frame_cache_bytes)
        self._shaping: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pool = CodecPool(
            PoolLimits(
                processes=settings.codec_processes,
                job_timeout_s=settings.codec_timeout_s,
                cpu_s=settings.codec_cpu_s,
                memory_bytes=settings.codec_memory_bytes,
            )
        )

    async def frame(self, stored: Stored, number: int) -> bytes:
        """Samples of a frame as an uncompressed one in Explicit VR Little Endian, colour by pixel."""
        key = (stored.viewed.digest, stored.viewed.edit_version, number)
        kept = _counted("frames", self._frames.get(key))
        if kept is None:
            image = (await self._image(stored)).within(self._max_bytes)
            kept = await self._run(stored, Job("decode", _NOWHERE, (stored.frame(number),), image))
            self._frames.put(key, kept, len(kept) + 200)
        return kept

    async def picture(
        self, stored: Stored, number: int, document: bytes, rendering: Rendering
    ) -> bytes:
        """A picture of a frame; `document` is the instance's DICOM JSON."""
        key = (stored.viewed.digest, stored.viewed.edit_version, number, rendering)
        kept = _counted("pictures", self._pictures.get(key))
        if kept is None:
            image = (await self._image(stored)).within(self._max_bytes)
            job = Job(
                "render",
                _NOWHERE,
                (stored.frame(number),),
                image,
                frame_number=number,
                rendering=rendering,
                document=document,
            )
            kept = await self._run(stored, job)
            self._pictures.put(key, kept, len(kept) + 400)
        return kept

    async def inflated(self, stored: Stored, start: int, end: int) -> bytes:
        """Bytes `[start, end)` of a deflated object, counted as if it were inflated."""
        if end - start > self._max_bytes:
            raise LimitExceeded("too much to be inflated at once", max_bytes=self._max_bytes)
        return await self._run(stored, Job("read", _NOWHERE, (Frame(((start, end),)),)))

    async def rewritten(self, stored: Stored, syntax: str) -> bytes:
        """The object as a Part 10 file in another transfer syntax: a little endian one, or of LOSSLESS_WRITTEN.

        Raises NotAcceptable when its pixels cannot be read, or not be proven to come back equal; LimitExceeded.
        """
        if syntax in LOSSLESS_WRITTEN:
            return await self._compressed(stored, syntax)
        if stored.size_bytes > self._max_bytes:
            raise LimitExceeded("too large to be rewritten here", max_bytes=self._max_bytes)
        kept = transfer_syntax(stored.transfer_syntax_uid)
        decode = stored.layout is not None and (kept.encapsulated or kept.big_endian)
        frames, image = await self._whole(stored) if decode else ((), None)
        kind: Kind = "implicit" if syntax == IMPLICIT_VR_LITTLE_ENDIAN else "explicit"
        job = Job(kind, _NOWHERE, frames, image, max_bytes=self._max_bytes)
        return await self._run(stored, job)

    async def _compressed(self, stored: Stored, syntax: str) -> bytes:
        key = (stored.viewed.digest, stored.viewed.edit_version, syntax)
        kept = _counted("files", self._files.get(key))
        if kept is None:
            if stored.layout is None:
                raise NotAcceptable("there are no pixels to be compressed")
            frames, image = await self._whole(stored)
            job = Job(
                "compressed", _NOWHERE, frames, image, max_bytes=self._max_bytes, syntax=syntax
            )
            kept = await self._run(stored, job)
            self._files.put(key, kept, len(kept) + 400)
        return kept

    async def shaped(self, stored: Stored, shape: Shape, syntax: str) -> bytes:
        """A Part 10 file of the object as `shape` says; raises NotAcceptable, LimitExceeded.

        Of frames, those that follow are made and kept with it: the object is read for many at once.
        """
        if stored.size_bytes > self._max_bytes:
            raise LimitExceeded("too large to be rewritten here", max_bytes=self._max_bytes)
        digest, edit_version = stored.viewed.digest, stored.viewed.edit_version
        async with self._shaping.setdefault(digest, asyncio.Lock()):
            kept = _counted("files", self._files.get((digest, edit_version, f"{syntax} {shape}")))
            if kept is not None:
                return kept
            job = Job("shaped", _NOWHERE, max_bytes=self._max_bytes, syntax=syntax, shape=shape)
            files = divided_of(*await self._answer(stored, job)).files
            for number, file in enumerate(files, shape.frame_number):
                key = digest, edit_version, f"{syntax} {replace(shape, frame_number=number)}"
                self._files.put(key, file, len(file) + 400)
            return files[0]

    async def classic(self, stored: Stored, first: int) -> Divided:
        """Some frames of an enhanced object from the `first` on, one at least, each as a classic Part 10 file.

        Raises NotAcceptable when the object cannot be divided, LimitExceeded when it is too large for that.
        """
        if stored.size_bytes > self._max_bytes:
            raise LimitExceeded("too large to be divided here", max_bytes=self._max_bytes)
        job = Job("classic", _NOWHERE, frame_number=first, max_bytes=CLASSIC_BYTES)
        return divided_of(*await self._answer(stored, job))

    async def _whole(self, stored: Stored) -> tuple[tuple[Frame, ...], Image]:
        """All frames; raises LimitExceeded, NotAcceptable."""
        if stored.size_bytes > self._max_bytes:
            raise LimitExceeded("too large to be rewritten here", max_bytes=self._max_bytes)
        image = await self._image(stored)
        image.within(self._max_bytes, image.number_of_frames)
        return tuple(stored.frame(n) for n in range(1, image.number_of_frames + 1)), image

    async def _image(self, stored: Stored) -> Image:
        image = stored.described()
        if not image.swapped_words or stored.layout is None:
            return image
        start, end = vr_place(stored.layout)
        vr = await self._objects.piece(stored.object_key, stored.size_bytes, start, end)
        return image.written_as(bytes(vr))

    async def _run(self, stored: Stored, job: Job) -> bytes:
        _, payload = await self._answer(stored, job)
        return payload

    async def _answer(self, stored: Stored, job: Job) -> tuple[dict[str, str], bytes]:
        with self._objects.local_file(stored.object_key) as path:
            deflated_from = stored.dataset_offset if stored.deflated else None
            placed = replace(job, source=Source(str(path), deflated_from))
            try:
                started_s = time.monotonic()
                answer = await self._pool.run(placed)
                took_s = time.monotonic() - started_s
                METRICS.observe("isocenter_codec_seconds", took_s, kind=job.kind)
            except InvalidInstance as error:  # of what was asked the request is the good half
                raise NotAcceptable(f"only available as stored: {error.message}") from error
        return answer

    def close(self) -> None:
        """End the codec processes."""
        self._pool.close()


def _counted(cache: str, kept: bytes | None) -> bytes | None:
    METRICS.count(
        "isocenter_cache_reads_total", cache=cache, outcome="miss" if kept is None else "hit"
    )
    return kept


_NOWHERE = Source("")

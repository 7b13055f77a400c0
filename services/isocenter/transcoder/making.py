"""Frames and pictures made of stored instances by the codec processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from isocenter.dicom.frames import Frame, FrameLayout
from isocenter.errors import Busy, Corrupted, InvalidInstance, NotFound, PermanentError
from isocenter.pixels.described import pixels_of, vr_place
from isocenter.pixels.image import Image
from isocenter.pixels.jobs import Job
from isocenter.pixels.made import Made, made_of
from isocenter.pixels.pool import CodecPool
from isocenter.pixels.rendering import THUMBNAIL_SIDE, Rendering, Viewport
from isocenter.pixels.source import Source
from isocenter.ports.index_rows import InstanceRow
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.local_file import local_file

GROUP_BYTES = 64 << 20  # of decoded frames in one job, unless one frame is more
THUMBNAIL = Rendering(viewport=Viewport(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
ATTEMPTS = 2  # of a job that took too long: the machine may have been busy


@dataclass(frozen=True, slots=True)
class Piece:
    """Some frames of one instance, from `first_number` on. Without frames it is refused."""

    row: InstanceRow
    image: Image | None = None
    layout: FrameLayout | None = None
    frames: tuple[Frame, ...] = ()
    first_number: int = 1
    refused: str = ""

    @property
    def is_first(self) -> bool:
        """Whether it is the first of the instance's pieces."""
        return self.first_number == 1


class Maker:
    """Asks the codec processes for frames and pictures."""

    def __init__(self, objects: ObjectStore, pool: CodecPool, max_decoded_bytes: int) -> None:
        self._objects = objects
        self._pool = pool
        self._max_bytes = max_decoded_bytes

    async def made(self, piece: Piece) -> Made | str:
        """The frames, or why they stay as stored; raises what the store raises."""
        if piece.image is None or piece.layout is None:
            return piece.refused
        try:
            async with self._file(piece.row) as path:
                image = await self._as_written(piece.row, piece.image, piece.layout)
                source = _source(piece.row, path)
                first = piece.first_number
                job = Job("rendition", source, piece.frames, image, frame_number=first)
                return made_of(*await self._patiently(job))
        except PermanentError as error:  # of the codec, or the object is not what the index says
            return error.message

    async def thumbnail(self, row: InstanceRow, number: int) -> bytes:
        """A small JPEG of a frame; raises what codec processes and store raise."""
        image, layout = pixels_of(row)
        if image is None or layout is None:
            raise NotFound("the instance has no picture")
        async with self._file(row) as path:
            job = Job(
                "render",
                _source(row, path),
                (layout.frame(number),),
                await self._as_written(row, image.within(self._max_bytes), layout),
                frame_number=number,
                rendering=THUMBNAIL,
                document=row.document,
            )
            _, picture = await self._pool.run(job)
        return picture

    async def _patiently(self, job: Job) -> tuple[dict[str, str], bytes]:
        for _ in range(ATTEMPTS):
            try:
                return await self._pool.run(job)
            except Busy:
                continue
        raise InvalidInstance("the codec does not come to an end")

    async def _as_written(self, row: InstanceRow, image: Image, layout: FrameLayout) -> Image:
        if not image.swapped_words:
            return image
        start, end = vr_place(layout)
        vr = await asyncio.to_thread(self._objects.read, row.object_key, start, end)
        return image.written_as(vr)

    @asynccontextmanager
    async def _file(self, row: InstanceRow) -> AsyncIterator[Path]:
        with ExitStack() as stack:
            entering = local_file(self._objects, row.object_key)
            path = await asyncio.to_thread(stack.enter_context, entering)
            if not path.exists() or path.stat().st_size != row.size_bytes:
                raise Corrupted("the stored object is not what the index says")
            yield path


def pieces_of(row: InstanceRow, max_decoded_bytes: int) -> Iterator[Piece]:
    """An instance's frames in pieces that fit into memory."""
    image, layout = pixels_of(row)
    try:
        if image is None or layout is None:
            raise InvalidInstance("there is no image that can be described")
        image = image.within(max_decoded_bytes)
        frames = iter([layout.frame(n) for n in range(1, layout.number_of_frames + 1)])
    except PermanentError as error:
        yield Piece(row, refused=error.message)
        return
    at_once = max(1, GROUP_BYTES // image.decoded_bytes)
    number = 1
    while group := tuple(islice(frames, at_once)):
        yield Piece(row, image, layout, group, number)
        number += len(group)


def _source(row: InstanceRow, path: Path) -> Source:
    return Source(str(path), row.dataset_offset if row.deflated else None)

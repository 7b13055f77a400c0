"""A series' frames out of packs, coarse to fine, as records that are never joined in memory."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from weakref import WeakValueDictionary

from isocenter.errors import NotFound
from isocenter.renditions.series_stream import (
    NEAR,
    Asked,
    Images,
    Part,
    Record,
    RecordKind,
    Shape,
    end_record,
    head,
    index_record,
    near_frames,
    parts,
)
from isocenter.runtime.web import Body
from isocenter.streaming.arranging import Arranger
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.packs import Packed, PackTables
from isocenter.streaming.series_documents import SeriesDocuments
from isocenter.streaming.stored import Instances, viewed_of
from isocenter.streaming.view import Viewed, view

SMALL_BYTES = 16 << 10  # records are put together up to here, once the first ones are out


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a series; without `packed` it is not in the stream."""

    viewed: Viewed
    number: int
    packed: Packed | None

    @property
    def ends(self) -> Sequence[int]:
        """How far each resolution reaches."""
        if self.packed is None:
            return ()
        return self.packed.instance.frames[self.number - 1].level_ends

    @property
    def shape(self) -> Shape:
        """What the order is made of."""
        if self.packed is None:
            return Shape(0, 0)
        instance = self.packed.instance
        return Shape(len(self.ends), max(instance.rows, instance.columns))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Opened:
    """A series as it can be streamed now; who streams it at the same time shares it. `of` names these very frames."""

    of: str
    frames: tuple[Frame, ...]
    shapes: tuple[Shape, ...]
    in_space: bool  # whether its frames have positions

    @property
    def start(self) -> int:
        """The frame at which one begins to read."""
        return len(self.frames) // 2 if self.in_space else 0


class SeriesStreams:
    """Opens streams. `miss` is told of a study that has frames which nobody has packed yet."""

    def __init__(
        self,
        instances: Instances,
        arranger: Arranger,
        objects: ObjectsView,
        packs: PackTables,
        miss: Callable[[str], None],
    ) -> None:
        self._instances = instances
        self._arranger = arranger
        self._objects = objects
        self._packs = packs
        self._miss = miss
        self._opened: WeakValueDictionary[str, Opened] = WeakValueDictionary()

    async def open(self, study: str, series: str) -> Opened:
        """All frames in the order of the series' slices.

        Raises NotFound when there is no such series, or when nothing of it is packed yet.
        """
        rows, in_space = await self._arranger.in_order(await self._instances.rows(study, series))
        names = [(viewed_of(row), row.number_of_frames) for row in rows if row.pixel_data]
        frames = await self._frames(names)
        if not await self._stand(frames):  # what was known is gone: deleted, and perhaps back
            self._packs.forget(names[0][0])
            frames = await self._frames(names)
        if any(frame.packed is None for frame in frames):
            self._miss(study)
        if not any(frame.packed for frame in frames):
            raise NotFound("nothing of this series can be streamed yet")
        of = _name_of(frames)
        fresh = Opened(of, tuple(frames), tuple(frame.shape for frame in frames), in_space)
        return self._opened.setdefault(f"{study}/{series}/{of}", fresh)

    async def _frames(self, names: Sequence[tuple[Viewed, int]]) -> list[Frame]:
        frames: list[Frame] = []
        for viewed, number_of_frames in names:
            packed = await self._packs.of(viewed)
            count = len(packed.instance.frames) if packed else max(1, number_of_frames)
            frames += [Frame(viewed, number, packed) for number in range(1, count + 1)]
        return frames

    async def _stand(self, frames: Sequence[Frame]) -> bool:
        """Whether the packs are where they were seen."""
        packs = {(one.packed.key, one.packed.size_bytes) for one in frames if one.packed}
        try:
            for key, size_bytes in packs:
                await self._objects.piece(key, size_bytes, 0, 1)
        except NotFound:
            return False
        return True

    async def records(
        self, opened: Opened, asked: Asked, documents: SeriesDocuments | None = None
    ) -> AsyncIterator[Body]:
        """The stream in pieces to be sent as they come: its index, what was asked for, its end.

        With `documents` those of the first images come before them, and all once the frame looked at is whole.
        """
        frames = opened.frames
        focus = min(max(asked.focus, 0), len(frames) - 1)
        size = sum(frame.ends[-1] for frame in frames if frame.ends)
        series = frames[0].viewed.series_instance_uid
        index = index_record(_images(frames), series, opened.of, focus, size)
        near = [frames[one].viewed for one in near_frames(opened.shapes, focus)]
        yield index if documents is None else index + await documents.some(near)
        small = bytearray()
        sent = 0
        for part in parts(opened.shapes, asked):
            if documents is not None and not part.first:
                yield await documents.every([frame.viewed for frame in frames])
                documents = None
            opening, content = await self._record(frames[part.frame], part)
            sent += 1
            if sent > NEAR and len(content) < SMALL_BYTES:
                small += opening
                small += content
                if len(small) < SMALL_BYTES:
                    continue
                content, small = bytes(small), bytearray()
            else:
                yield bytes(small) + opening if small else opening
                small.clear()
            yield content
        if documents is not None:
            small += await documents.every([frame.viewed for frame in frames])
        yield bytes(small) + end_record()

    async def _record(self, frame: Frame, part: Part) -> tuple[bytes, Body]:
        start = frame.ends[part.after_level] if part.after_level >= 0 else 0
        end = frame.ends[part.level]
        try:
            content = await self._bytes(frame, start, end)
        except NotFound:
            content = await self._bytes(await self._moved(frame), start, end)
        (content,) = view(frame.viewed, "frame", (content,))
        record = Record(RecordKind.BYTES, part.level, part.frame, start)
        return head(record, end - start), content

    async def _bytes(self, frame: Frame, start: int, end: int) -> Body:
        packed = frame.packed
        if packed is None:
            raise NotFound("the frame is in no pack")
        place = packed.range(frame.number)[0]
        return await self._objects.piece(packed.key, packed.size_bytes, place + start, place + end)

    async def _moved(self, frame: Frame) -> Frame:
        """The same bytes in another pack, for packs are put together; raises NotFound when they are nowhere."""
        found = await self._packs.of(frame.viewed)
        if found is not None and frame.packed is not None and found.key == frame.packed.key:
            self._packs.forget(frame.viewed)
            found = await self._packs.of(frame.viewed)
        moved = Frame(frame.viewed, frame.number, found)
        if frame.packed is None or found is None or list(moved.ends) != list(frame.ends):
            raise NotFound("the frame is in no pack any more")
        if found.version([frame.number]) != frame.packed.version([frame.number]):
            raise NotFound("the frame was packed anew")
        return moved


def _name_of(frames: Sequence[Frame]) -> str:
    """Names these very frames in this order: what a client has of others is nothing that can be built on."""
    told = sha256()
    for frame in frames:
        version = 0 if frame.packed is None else frame.packed.version([frame.number])
        told.update(f"{frame.viewed.sop_instance_uid} {frame.number} {version}\n".encode())
    return told.hexdigest()[:16]


def _images(frames: Sequence[Frame]) -> list[Images]:
    """Instances that are alike and follow each other, together."""
    instances = [
        list(group) for _, group in groupby(frames, lambda one: one.viewed.sop_instance_uid)
    ]
    return [_alike(list(group)) for _, group in groupby(instances, lambda of: _kind(of[0]))]


def _kind(frame: Frame) -> tuple[str, str, int, int, int]:
    if frame.packed is None:
        return "", "", 0, 0, 0
    one = frame.packed.instance
    levels = len(frame.ends)
    return one.transfer_syntax_uid, one.photometric_interpretation, one.rows, one.columns, levels


def _alike(instances: Sequence[Sequence[Frame]]) -> Images:
    return Images(
        tuple(frames[0].viewed.sop_instance_uid for frames in instances),
        tuple(len(frames) for frames in instances),
        *_kind(instances[0][0]),
    )

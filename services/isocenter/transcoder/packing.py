"""One pack, made whole: what other packs have is copied, the rest is made, several frames at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.errors import Busy, Corrupted, NotFound, PermanentError
from isocenter.pixels.made import Made
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.log import logger
from isocenter.transcoder.draft import Draft, Frames
from isocenter.transcoder.making import Maker, Piece, pieces_of
from isocenter.transcoder.packs import Packs
from isocenter.transcoder.wanted import Member, Place, Wanted

COPIED_BYTES = 32 << 20  # held at a time, unless one frame is more

log = logger(__name__)
Call = Callable[[], Awaitable[Frames]]


class Packer:
    """Makes packs. `ahead` is how many pieces are under way while one is written."""

    def __init__(self, packs: Packs, maker: Maker, max_decoded_bytes: int, ahead: int) -> None:
        self._packs = packs
        self._maker = maker
        self._max_bytes = max_decoded_bytes
        self._ahead = ahead

    async def make(self, wanted: Wanted, known: Mapping[Member, Place]) -> pb.PackIndex:
        """Make it, of frames that are known where they are; durable on return.

        A known frame that is damaged takes its pack with it, and Busy is raised: what to make is another question then.
        """
        study, series = wanted.study_instance_uid, wanted.series_instance_uid
        draft = await asyncio.to_thread(self._packs.draft, study, series)
        try:
            await _in_order(self._calls(wanted.rows, known), self._ahead, draft.write)
            await self._add_thumbnail(draft, wanted.rows)
            return await asyncio.to_thread(draft.put, wanted.key)
        finally:
            draft.discard()

    def _calls(self, rows: Sequence[InstanceRow], known: Mapping[Member, Place]) -> Iterator[Call]:
        for row in rows:
            place = known.get((row.sop_instance_uid, row.digest))
            if place is None:
                for piece in pieces_of(row, self._max_bytes):
                    yield partial(self._made, piece)
            elif place.instance.refused or not place.instance.frames:
                yield partial(self._copied, place, (), is_first=True)
            else:
                is_first = True
                for group in _groups(place.instance.frames):
                    yield partial(self._copied, place, group, is_first=is_first)
                    is_first = False

    async def _made(self, piece: Piece) -> Frames:
        row = piece.row
        instance = pb.PackedInstance(sop_instance_uid=row.sop_instance_uid, digest=row.digest)
        if piece.image is not None:
            instance.rows, instance.columns = piece.image.rows, piece.image.columns
        made = await self._maker.made(piece)
        if not isinstance(made, Made):
            log.warning("stays_as_stored", sop_instance_uid=row.sop_instance_uid, reason=made)
            return Frames(instance, piece.is_first, refused=made)
        instance.transfer_syntax_uid = made.transfer_syntax_uid
        instance.photometric_interpretation = made.photometric_interpretation
        contents = [(one.stream, one.level_ends, one.sample_sha256) for one in made.frames]
        return Frames(instance, piece.is_first, contents)

    async def _copied(
        self, place: Place, frames: Sequence[pb.PackedFrame], *, is_first: bool
    ) -> Frames:
        described = pb.PackedInstance()
        described.CopyFrom(place.instance)
        del described.frames[:]
        try:
            contents = [
                (
                    await asyncio.to_thread(self._packs.frame, place.pack, frame),
                    frame.level_ends,
                    frame.sample_sha256,
                )
                for frame in frames
            ]
        except (Corrupted, NotFound) as error:
            log.error("pack_unreadable", reason=error.reason)
            await asyncio.to_thread(self._packs.remove, place.pack)
            raise Busy("a pack was damaged", retry_after_s=0.1) from error
        return Frames(described, is_first, contents, refused=place.instance.refused)

    async def _add_thumbnail(self, draft: Draft, rows: Sequence[InstanceRow]) -> None:
        """Of the middle; a pack without one is a pack all the same."""
        row = rows[len(rows) // 2]
        number = max(1, row.number_of_frames) // 2 + 1 if row.number_of_frames > 1 else 1
        try:
            picture = await self._maker.thumbnail(row, number)
        except (PermanentError, Busy):
            return
        draft.writer.add_thumbnail(picture, row.sop_instance_uid, number)


def _groups(frames: Iterable[pb.PackedFrame]) -> Iterator[list[pb.PackedFrame]]:
    group: list[pb.PackedFrame] = []
    size = 0
    for frame in frames:
        if group and size + frame.level_ends[-1] > COPIED_BYTES:
            yield group
            group, size = [], 0
        group.append(frame)
        size += frame.level_ends[-1]
    yield group


async def _in_order(calls: Iterable[Call], ahead: int, take: Callable[[Frames], None]) -> None:
    """Hand each call's result to `take`, in order, while the `ahead` that follow are under way."""
    try:
        async with asyncio.TaskGroup() as group:
            under_way: deque[asyncio.Task[Frames]] = deque()
            for call in calls:
                under_way.append(group.create_task(_awaited(call)))
                if len(under_way) > ahead:
                    take(await under_way.popleft())
            while under_way:
                take(await under_way.popleft())
    except BaseExceptionGroup as errors:  # what the first one was, is what went wrong
        raise errors.exceptions[0] from errors


async def _awaited(call: Call) -> Frames:
    return await call()

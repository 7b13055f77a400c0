"""Where the streamed form of an instance is: tables of packs, kept within a bound and looked at anew when one lacks."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.errors import Corrupted, NotFound
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.keys import is_pack, is_series_pack, series_prefix
from isocenter.renditions.pack import read_index
from isocenter.runtime.log import logger
from isocenter.streaming.cache import Lru
from isocenter.streaming.view import Viewed

LOOK_EVERY_S = 2.0  # for an instance that no pack of its series has
WEIGHT_OF_INSTANCE = 400
WEIGHT_OF_FRAME = 220

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Packed:
    """An instance's frames in a pack."""

    key: str
    size_bytes: int
    instance: pb.PackedInstance

    def range(self, number: int) -> tuple[int, int]:
        """Bytes of a frame, from 1; raises NotFound."""
        if not 1 <= number <= len(self.instance.frames):
            raise NotFound(f"there is no frame {number} in the pack")
        frame = self.instance.frames[number - 1]
        return frame.offset, frame.offset + frame.level_ends[-1]

    def version(self, numbers: Sequence[int]) -> int:
        """Tells other bytes of these frames from these, for entity tags."""
        checked = 0
        for number in numbers:
            if 0 < number <= len(self.instance.frames):
                checksum = self.instance.frames[number - 1].crc32
                checked = crc32(number.to_bytes(4) + checksum.to_bytes(4), checked)
        return checked


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG in a pack, and the instance it is of."""

    packed: Packed
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class _Series:
    """What stood in a series' packs when it was looked at."""

    looked_s: float
    members: Mapping[tuple[str, str], Packed]
    thumbnail: Thumbnail | None


class PackTables:
    """Looks packs up by instance and digest: frames of other bytes are nobody's. Of one event loop."""

    def __init__(self, objects: ObjectStore, max_bytes: int) -> None:
        self._objects = objects
        self._kept: Lru[tuple[str, str], _Series] = Lru(max_bytes)

    async def of(self, viewed: Viewed) -> Packed | None:
        """The instance's frames; None while no pack has them, or when it stays as stored."""
        found = await self.entry(viewed)
        return found if found is not None and found.instance.frames else None

    async def entry(self, viewed: Viewed) -> Packed | None:
        """What a pack says of the instance: where its frames are, or why it stays as stored; None while none does."""
        member = (viewed.sop_instance_uid, viewed.digest)
        series = (viewed.study_instance_uid, viewed.series_instance_uid)
        kept = self._kept.get(series)
        if kept is None or (member not in kept.members and self._is_late(kept)):
            kept = await self._look(series)
        return kept.members.get(member)

    async def thumbnail(self, study: str, series: str) -> Thumbnail | None:
        """The picture of a series, if its instance is still the one that is shown."""
        kept = self._kept.get((study, series))
        if kept is None or (kept.thumbnail is None and self._is_late(kept)):
            kept = await self._look((study, series))
        return kept.thumbnail

    def forget(self, viewed: Viewed) -> None:
        """Look again: a pack was not where it had been."""
        self._kept.drop((viewed.study_instance_uid, viewed.series_instance_uid))

    def _is_late(self, kept: _Series) -> bool:
        return time.monotonic() - kept.looked_s > LOOK_EVERY_S

    async def _look(self, series: tuple[str, str]) -> _Series:
        began_s = time.monotonic()
        members, thumbnail = await asyncio.to_thread(self._read, *series)
        kept = _Series(began_s, members, thumbnail)
        frames = sum(len(packed.instance.frames) for packed in members.values())
        weight = 400 + WEIGHT_OF_INSTANCE * len(members) + WEIGHT_OF_FRAME * frames
        self._kept.put(series, kept, weight)
        return kept

    def _read(
        self, study: str, series: str
    ) -> tuple[dict[tuple[str, str], Packed], Thumbnail | None]:
        members: dict[tuple[str, str], Packed] = {}
        thumbnail = None
        packs = [
            one for one in self._objects.list(series_prefix(study, series)) if is_pack(one.key)
        ]
        packs.sort(key=lambda info: is_series_pack(info.key))  # the whole one last: it wins
        for info in packs:
            try:
                table = self._table(info.key, info.size_bytes)
            except (NotFound, Corrupted) as error:  # gone this moment, or it is made again
                log.warning("pack_unreadable", reason=error.reason)
                continue
            for instance in table.instances:
                packed = Packed(info.key, info.size_bytes, instance)
                members[(instance.sop_instance_uid, instance.digest)] = packed
                if table.thumbnail.sop_instance_uid == instance.sop_instance_uid:
                    place = table.thumbnail
                    thumbnail = Thumbnail(packed, place.offset, place.length)
        return members, thumbnail

    def _table(self, key: str, size_bytes: int) -> pb.PackIndex:
        return read_index(lambda start, end: self._objects.read(key, start, end), size_bytes)

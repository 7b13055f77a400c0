"""The packs that stand: listed, their tables kept, read, written, removed. Blocking; called in threads."""

from collections.abc import Callable
from functools import partial

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.errors import Corrupted, NotFound
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.keys import is_pack, study_of, study_prefix
from isocenter.renditions.pack import frame_bytes, read_index
from isocenter.runtime.log import logger
from isocenter.transcoder.draft import Draft
from isocenter.transcoder.wanted import Pack
from isocenter.transcoder.windows import Windows

MAX_TABLES = 256

log = logger(__name__)


class Packs:
    """Packs in one store. A pack that cannot be read is removed: it is made again."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._windows = Windows(objects)
        self._tables: dict[str, pb.PackIndex] = {}

    def of_study(self, study: str) -> list[Pack]:
        """All packs of a study."""
        found = []
        for info in self._objects.list(study_prefix(study)):
            if is_pack(info.key):
                table = self._table(info.key, info.size_bytes)
                if table is not None:
                    found.append(Pack(info.key, table))
        return found

    def frame(self, pack: Pack, frame: pb.PackedFrame) -> bytes:
        """A frame's bytes; raises Corrupted, NotFound."""
        return frame_bytes(partial(self._windows.read, pack.key), frame)

    def draft(self, study: str, series: str) -> Draft:
        """Begin a pack that nobody sees yet."""
        return Draft(self._objects, study, series)

    def remove(self, pack: Pack) -> None:
        """Take a pack away; who reads it finds its frames in another one, or as stored."""
        self._tables.pop(pack.key, None)
        self._windows.forget(pack.key)
        self._objects.delete(pack.key)

    def _table(self, key: str, size_bytes: int) -> pb.PackIndex | None:
        table = self._tables.get(key)
        if table is not None:
            return table
        read: Callable[[int, int], bytes] = lambda start, end: self._objects.read(key, start, end)  # noqa: E731
        try:
            table = read_index(read, size_bytes)
        except NotFound:
            return None
        except Corrupted:
            log.error("pack_unreadable", study_instance_uid=study_of(key))
            self._objects.delete(key)
            return None
        while len(self._tables) >= MAX_TABLES:
            self._tables.pop(next(iter(self._tables)))
        self._tables[key] = table
        return table

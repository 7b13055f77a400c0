"""Stored objects as memory: mapped files, a bounded number of them, so that a frame is sent without a copy."""

import contextlib
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from isocenter.errors import Corrupted, NotFound
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.local_file import local_file
from isocenter.runtime.web import Body
from isocenter.streaming.cache import Lru
from isocenter.streaming.pieces import nothing
from isocenter.streaming.remote_objects import RemoteObjects

LARGE_BYTES = 16 << 20
MAP_WEIGHT = 64 << 10  # an open map costs at least this much of the bound


class ObjectsView:
    """Ranges of objects. An object that is removed while mapped stays readable to those who hold a view."""

    def __init__(
        self, objects: ObjectStore, max_open: int, max_mapped_bytes: int, max_kept_bytes: int
    ) -> None:
        self._objects = objects
        self._per_map = max(MAP_WEIGHT, max_mapped_bytes // max_open)
        self._maps: Lru[str, mmap.mmap] = Lru(max_mapped_bytes)
        self._remote = RemoteObjects(objects, max_kept_bytes)

    async def piece(self, key: str, size_bytes: int, start: int, end: int) -> Body:
        """Bytes `[start, end)` of an object of this size.

        Raises:
            NotFound: the object is not there.
            Corrupted: it has another size, or ends before the range does.
            Unavailable, StorageFailed: a store on a server, or what is kept of it here.
        """
        if not 0 <= start <= end <= size_bytes:
            raise Corrupted("a range lies outside the stored object")
        mapped = self._maps.get(key)
        if mapped is None:
            path = self._objects.local_path(key)
            if path is None:
                return await self._remote.piece(key, size_bytes, start, end)
            mapped = self._open(key, path, size_bytes)
        if len(mapped) != size_bytes:
            raise Corrupted("the stored object has another size than the index says")
        return memoryview(mapped)[start:end]

    def expect(self, key: str, size_bytes: int) -> None:
        """A piece of it will be asked for soon; of files there is nothing to prepare."""
        if self._objects.local_path(key) is None:
            self._remote.expect(key, size_bytes)

    def releasing(self, key: str, size_bytes: int) -> Callable[[], None]:
        """What lets the pages of a large object leave this process's memory, to be called once they were sent."""
        if size_bytes < LARGE_BYTES:
            return nothing

        def release() -> None:
            mapped = self._maps.get(key)
            if mapped is not None:
                mapped.madvise(mmap.MADV_DONTNEED)

        return release

    @contextlib.contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        """The object as a file that another process can read, for as long as the block runs."""
        with local_file(self._objects, key) as path:
            yield path

    def _open(self, key: str, path: Path, size_bytes: int) -> mmap.mmap:
        mapped = _map(path)
        if len(mapped) == size_bytes:
            self._maps.put(key, mapped, min(max(self._per_map, size_bytes), LARGE_BYTES))
        return mapped


def _map(path: Path) -> mmap.mmap:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFound("the stored object is gone") from error
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError as error:  # an empty file cannot be mapped
        raise Corrupted("the stored object is empty") from error
    finally:
        os.close(descriptor)

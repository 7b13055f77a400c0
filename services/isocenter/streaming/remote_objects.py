"""Objects of a store on a server, kept here for a while: files without a name, that fill up as parts are read."""

import asyncio
import mmap
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from isocenter.errors import Corrupted, StorageFailed
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.web import Body
from isocenter.streaming.cache import Lru

BLOCK_BYTES = 1 << 20  # asked for at a time: what lies beside a frame is wanted next
MAX_FILES = 1024  # of one process
EXPECTED_BYTES = 8 << 20
THREADS = 8  # requests to the store at a time


class RemoteObjects:
    """At most `max_bytes` of them, on local disk; what is not here is fetched. Belongs to one event loop.

    The files have no names: when this process ends, however it ends, the disk is free.
    """

    def __init__(self, objects: ObjectStore, max_bytes: int) -> None:
        self._objects = objects
        self._kept: Lru[str, _Copy] = Lru(max_bytes)
        self._least_bytes = max_bytes // MAX_FILES
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="objects")

    async def piece(self, key: str, size_bytes: int, start: int, end: int) -> Body:
        """Bytes `[start, end)` of an object of this size, which stay as long as somebody holds them.

        Raises NotFound, Corrupted (the object is not of this size), Unavailable, StorageFailed.
        """
        if start == end:
            return b""
        copy = self._copy(key, size_bytes)
        is_here = copy.has(start, end)
        METRICS.count(
            "isocenter_cache_reads_total", cache="objects", outcome="hit" if is_here else "miss"
        )
        if not is_here:
            await copy.fetch(start, end)
            if self._kept.get(key) is copy:
                self._kept.put(key, copy, max(copy.kept_bytes, self._least_bytes))
        return copy.view(start, end)

    def expect(self, key: str, size_bytes: int) -> None:
        """Begin to fetch an object that is wanted soon, unless it is large; what fails now fails again then."""
        if 0 < size_bytes <= EXPECTED_BYTES:
            self._copy(key, size_bytes).begin(0, size_bytes)

    def _copy(self, key: str, size_bytes: int) -> "_Copy":
        copy = self._kept.get(key)
        if copy is None or copy.size_bytes != size_bytes:
            copy = _Copy(self._objects, self._threads, key, size_bytes)
            self._kept.put(key, copy, self._least_bytes)
        return copy


class _Copy:
    """A file as long as the object, with holes where nothing was fetched yet."""

    def __init__(
        self, objects: ObjectStore, threads: ThreadPoolExecutor, key: str, size_bytes: int
    ) -> None:
        self.size_bytes = size_bytes
        self._objects = objects
        self._threads = threads
        self._key = key
        self._here: set[int] = set()
        self._coming: dict[int, asyncio.Future[None]] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (goes with the last who holds it)
        self._file.truncate(size_bytes)
        self._map = mmap.mmap(self._file.fileno(), size_bytes, access=mmap.ACCESS_READ)

    @property
    def kept_bytes(self) -> int:
        """What it takes on the disk."""
        return len(self._here) * BLOCK_BYTES

    def has(self, start: int, end: int) -> bool:
        """Whether all of the range is here."""
        return self._here.issuperset(_of(start, end))

    async def fetch(self, start: int, end: int) -> None:
        """Bring what is missing of the range; who needs the same part waits for the same request."""
        coming = self.begin(start, end)
        await asyncio.wait(coming)  # one who leaves does not end what others wait for
        for one in coming:
            one.result()

    def begin(self, start: int, end: int) -> set[asyncio.Future[None]]:
        """Ask for what is missing of the range and was not asked for yet; all that is under way of it."""
        missing = [block for block in _of(start, end) if block not in self._here]
        for run in _runs([block for block in missing if block not in self._coming]):
            self._ask(run)
        return {self._coming[block] for block in missing}

    def view(self, start: int, end: int) -> memoryview:
        """Bytes that were fetched."""
        return memoryview(self._map)[start:end]

    def _ask(self, run: range) -> None:
        coming = asyncio.get_running_loop().run_in_executor(self._threads, self._write, run)
        self._coming.update(dict.fromkeys(run, coming))
        coming.add_done_callback(partial(self._arrived, run))

    def _arrived(self, run: range, coming: asyncio.Future[None]) -> None:
        for block in run:
            del self._coming[block]
        if not coming.cancelled() and coming.exception() is None:
            self._here.update(run)

    def _write(self, run: range) -> None:
        """Take a part out of the store; past the object's end there must be nothing."""
        at, end = run.start * BLOCK_BYTES, min(run.stop * BLOCK_BYTES, self.size_bytes)
        asked_to = end + 1 if end == self.size_bytes else end
        for chunk in self._objects.stream(self._key, at, asked_to):
            if at + len(chunk) > end:
                raise Corrupted("the stored object is longer than the index says")
            self._put(chunk, at)
            at += len(chunk)
        if at != end:
            raise Corrupted("the stored object is shorter than the index says")

    def _put(self, chunk: bytes, at: int) -> None:
        """Through the descriptor: a full disk is an error then, and not the end of the process."""
        left = memoryview(chunk)
        try:
            while left:
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written
        except OSError as error:
            raise StorageFailed("there is no room here for a stored object") from error


def _of(start: int, end: int) -> range:
    return range(start // BLOCK_BYTES, -(-end // BLOCK_BYTES))


def _runs(blocks: Sequence[int]) -> Iterator[range]:
    """Neighbours together."""
    first = 0
    for place, block in enumerate(blocks):
        if place + 1 == len(blocks) or blocks[place + 1] != block + 1:
            yield range(blocks[first], block + 1)
            first = place + 1

"""One private file that grows until it becomes an object."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from isocenter.adapters.disk import Disk
from isocenter.ports.objects import BLOCK_BYTES

DIRECT_FROM_BYTES = 64 << 10  # smaller ones are written together with others from the page cache
_DIRECT = getattr(os, "O_DIRECT", 0)

# Translates what the disk says, and remembers failures.
Writing = Callable[[], AbstractContextManager[None]]


class FilesystemSpool:
    """`ports.objects.Spool` as a file on the store's own file system, so that it becomes an object without a copy.

    What comes in large pieces goes past the page cache: nobody reads it soon, a page for every 4 KiB costs a receiver
    more than the disk does, and what is read later to be verified is what the disk has.
    """

    __slots__ = (
        "_disk",
        "_end",
        "_fd",
        "_is_direct",
        "_is_flushed",
        "_is_over",
        "_writing",
        "name",
    )

    def __init__(self, disk: Disk, name: str, writing: Writing) -> None:
        self.name = name
        self._disk = disk
        self._writing = writing
        self._fd = -1
        self._end = 0
        self._is_direct = False
        self._is_flushed = False
        self._is_over = False

    @property
    def path(self) -> Path:
        """The private file."""
        return Path(self.name)

    def append(self, memory: memoryview, size_bytes: int) -> None:
        """Write it; see `ports.objects.Spool`."""
        padded = -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES
        is_large = size_bytes >= DIRECT_FROM_BYTES
        with self._writing():
            if self._fd < 0:
                self._open(is_direct=is_large)
            is_whole = padded <= len(memory) and self._end % BLOCK_BYTES == 0
            if not (
                self._is_direct and is_whole and self._wrote_blocks(memory, size_bytes, padded)
            ):
                self._write(memory[:size_bytes])
        self._end += size_bytes

    def fileno(self) -> int:
        """Descriptor open for reading and writing, -1 once discarded."""
        if self._fd < 0 and not self._is_over:
            with self._writing():
                self._open(is_direct=False)
        return self._fd

    def flush(self) -> None:
        """Sync the content, once."""
        if not self._is_flushed:
            with self._writing():
                self._disk.fdatasync(self.fileno())
            self._is_flushed = True

    def discard(self) -> None:
        """Close the file and remove its private name."""
        fd, self._fd, self._is_over = self._fd, -1, True
        if fd < 0:
            return
        self._disk.close(fd)
        with contextlib.suppress(OSError):  # what stays is reclaimed at the next start
            self._disk.unlink(self.name)

    def _open(self, *, is_direct: bool) -> None:
        flags = os.O_RDWR | os.O_CREAT
        if is_direct and _DIRECT:
            with _unless_refused():  # a file system without it may have made the file all the same
                self._fd = self._disk.open(self.name, flags | _DIRECT)
                self._is_direct = True
                return
        self._fd = self._disk.open(self.name, flags)

    def _wrote_blocks(self, memory: memoryview, size_bytes: int, padded: int) -> bool:
        """Write whole blocks and cut the file to its size; False when the disk wants them otherwise."""
        memory[size_bytes:padded] = bytes(padded - size_bytes)
        with _unless_refused():
            self._disk.pwrite(self._fd, memory[:padded], self._end)
            if padded > size_bytes:
                self._disk.truncate(self._fd, self._end + size_bytes)
            return True
        return False

    def _write(self, content: memoryview) -> None:
        if self._is_direct:
            self._is_direct = False
            self._disk.use_page_cache(self._fd)
        self._disk.pwrite(self._fd, content, self._end)


@contextlib.contextmanager
def _unless_refused() -> Iterator[None]:
    """Go on when the file system does not write past its cache, or not such memory at such a place."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise

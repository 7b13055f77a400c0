"""One open segment as its writer sees it."""

import contextlib
import os
import weakref

from isocenter.adapters.disk import NO_SPACE, Disk, storage_error
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal import changes
from isocenter.adapters.journal.frames import END, HEADER_BYTES, Frame, encode, seed_of
from isocenter.adapters.journal.names import FOLDER, FRESH, Segment
from isocenter.errors import StorageFailed
from isocenter.ports.journal import Stream

FIRST_RESERVE_BYTES = 64 << 10
RESERVE_BYTES = 1 << 20


class OpenSegment:
    """Appends frames and syncs each. Locked for as long as the process lives, so that others know it is not abandoned.

    Space ahead is filled with zeros, so that most syncs move data only and not the file's size (measured: a third
    less time on ext4).
    """

    def __init__(
        self, disk: Disk, folders: DurableFolders, root: str, stream: Stream, first: int, hour: str
    ) -> None:
        self.segment = Segment(f"{root}/{FOLDER}/{hour}", stream, first, None)
        self.size_bytes = 0
        self._disk = disk
        self._folders = folders
        self._root = root
        self._hour = hour
        self._reserved = 0
        self._fd = self._create()
        # Whoever drops a writer without closing it lets go of the file: then it counts as abandoned, as after a death.
        self._let_go = weakref.finalize(self, _close, disk, self._fd)
        self._let_go.atexit = False

    def append(self, frame: bytes) -> None:
        """Write and sync. Raises OutOfSpace (nothing was written), StorageFailed (the stream has ended)."""
        try:
            self._reserve(len(frame))
            self._disk.pwrite(self._fd, frame, self.size_bytes)
        except OSError as error:
            self._cut()
            raise storage_error(error) from error
        self._sync()
        self.size_bytes += len(frame)

    def seal(self, last: int, high_version: int) -> None:
        """Write the end mark, cut the reserve, sync, and give the segment its final name.

        Raises OutOfSpace (the segment is as before and may be appended to), StorageFailed (the stream has ended).
        """
        end = encode(seed_of(self.segment.stream), Frame(last, high_version, 0, b""), END)
        try:
            self._disk.pwrite(self._fd, end, self.size_bytes)
            self._disk.truncate(self._fd, self.size_bytes + HEADER_BYTES)
        except OSError as error:
            self._cut()
            raise storage_error(error) from error
        self._sync()
        self._disk.rename(self.segment.path, self.segment.sealed(last).path)
        self._let_go()
        self._tell()

    def drop(self) -> None:
        """Remove a segment in which nothing was committed."""
        self._let_go()
        with contextlib.suppress(OSError):
            self._disk.unlink(self.segment.path)
        self._tell()

    def _create(self) -> int:
        self._folders.ensure(self.segment.folder)
        fresh = self.segment.path + FRESH
        fd = self._disk.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            self._disk.lock(fd)  # before anybody can find it
            self._disk.rename(fresh, self.segment.path)
            self._folders.sync(self.segment.folder)
            changes.tell(self._disk, self._root, self._hour)
        except BaseException:
            self._disk.close(fd)
            for path in (fresh, self.segment.path):
                with contextlib.suppress(OSError):
                    self._disk.unlink(path)
            raise
        return fd

    def _tell(self) -> None:
        with contextlib.suppress(
            OSError
        ):  # a hint; without it readers find the new name by themselves
            changes.tell(self._disk, self._root, self._hour)

    def _reserve(self, more: int) -> None:
        needed = self.size_bytes + more + HEADER_BYTES  # the end mark must fit
        if needed <= self._reserved:
            return
        step = RESERVE_BYTES if self._reserved else FIRST_RESERVE_BYTES
        start = max(self._reserved, self.size_bytes)
        end = max(start + step, needed)
        try:
            self._disk.pwrite(self._fd, bytes(end - start), start)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            self._cut()  # the commit alone may still fit
        else:
            self._reserved = end

    def _sync(self) -> None:
        try:
            self._disk.fdatasync(self._fd)
        except OSError as error:
            self._cut()  # so that no reader takes for durable what only the page cache holds
            raise StorageFailed("a commit could not be synced; the stream has ended") from error

    def _cut(self) -> None:
        """Take back what is not committed, as far as the disk still listens."""
        self._reserved = self.size_bytes
        with contextlib.suppress(OSError):
            self._disk.truncate(self._fd, self.size_bytes)


def _close(disk: Disk, fd: int) -> None:
    with contextlib.suppress(Exception):  # nobody is left to hear of it
        disk.close(fd)

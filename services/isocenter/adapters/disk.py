"""What we ask of a POSIX file system. A seam: tests put a disk here that fails, or forgets what was not synced."""

import errno
import fcntl
import os
from stat import S_ISDIR
from typing import NamedTuple

from isocenter.errors import IsocenterError, OutOfSpace, StorageFailed, Unavailable

FILE_MODE = 0o600  # files and folders hold patient data: for their owner only
FOLDER_MODE = 0o700
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_HANDLE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class Status(NamedTuple):
    """What a folder knows of one name. `changed_ms`: when its content changed last, wall milliseconds."""

    inode: int
    size_bytes: int
    is_folder: bool
    changed_ms: int


class Disk:
    """System calls, one method each; OSError goes through as it is."""

    def open(self, path: str, flags: int) -> int:
        """Open or create a file."""
        return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)

    def close(self, fd: int) -> None:
        """Close without syncing."""
        os.close(fd)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        """Read at most `size` bytes; fewer at the end of the file."""
        return os.pread(fd, size, offset)

    def write(self, fd: int, content: bytes | memoryview) -> None:
        """Write all of it at the file's position."""
        done = os.write(fd, content)
        if done < len(content):
            rest = memoryview(content)[done:]
            while rest:
                rest = rest[os.write(fd, rest) :]

    def pwrite(self, fd: int, content: bytes | memoryview, offset: int) -> None:
        """Write all of it at `offset`."""
        rest = memoryview(content)
        while rest:
            done = os.pwrite(fd, rest, offset)
            rest, offset = rest[done:], offset + done

    def use_page_cache(self, fd: int) -> None:
        """Write as usual to a file that was opened with O_DIRECT."""
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_DIRECT)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file, or extend it by zeros."""
        os.ftruncate(fd, size)

    def fdatasync(self, fd: int) -> None:
        """Make content and size durable. Never to be tried again on the same file after an error: it would lie."""
        os.fdatasync(fd)

    def sync_folder(self, path: str) -> None:
        """Make all names of a folder durable."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_folder(self, path: str) -> None:
        """Make one folder; raises FileExistsError."""
        os.mkdir(path, FOLDER_MODE)  # noqa: PTH102  (strings all the way on the hot path)

    def link(self, path: str, new_path: str) -> None:
        """Give a file a second name; raises FileExistsError."""
        os.link(path, new_path)

    def rename(self, path: str, new_path: str) -> None:
        """Give a file another name; what had that name is replaced."""
        os.rename(path, new_path)  # noqa: PTH104

    def unlink(self, path: str) -> None:
        """Remove a name; raises FileNotFoundError."""
        os.unlink(path)  # noqa: PTH108

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        os.rmdir(path)  # noqa: PTH106

    def status(self, path: str) -> Status:
        """What `path` is now; raises FileNotFoundError, NotADirectoryError."""
        return _status(os.stat(path))  # noqa: PTH116

    def open_status(self, fd: int) -> Status:
        """What an open file is now."""
        return _status(os.fstat(fd))

    def names(self, path: str) -> list[tuple[str, bool]]:
        """Names in a folder, each with whether it is a folder; in no order. Empty when there is no such folder."""
        try:
            with os.scandir(path) as entries:
                return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def lock(self, fd: int) -> bool:
        """Take the file's lock when nobody has it. Held until the file is closed; a dead process holds none."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free_bytes(self, path: str) -> int:
        """Room left for us on the file system."""
        room = os.statvfs(path)
        return room.f_bavail * room.f_frsize


def _status(found: os.stat_result) -> Status:
    changed_ms = found.st_mtime_ns // 1_000_000
    return Status(found.st_ino, found.st_size, S_ISDIR(found.st_mode), changed_ms)


def storage_error(error: OSError) -> IsocenterError:
    """Translate what a write said: OutOfSpace, Unavailable (no descriptor, no memory), else StorageFailed."""
    name = errno.errorcode.get(error.errno or 0, "unknown")
    if error.errno in NO_SPACE:
        return OutOfSpace("no space left on the volume", errno=name)
    if error.errno in NO_HANDLE:
        return Unavailable("the system has no file descriptor or memory left", errno=name)
    return StorageFailed("the volume refused", errno=name)

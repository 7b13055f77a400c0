"""ObjectStore on a POSIX file system: an object is a file, visible whole, durable with its name and its folders."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.objects.listing import list_objects
from isocenter.adapters.objects.spool_file import FilesystemSpool
from isocenter.adapters.objects.spools import Spools
from isocenter.errors import InvalidRequest, NotFound, StorageFailed, Unavailable
from isocenter.ports.objects import ObjectInfo, Spool, check_key

CHUNK_BYTES = 1 << 20
MAX_READ_BYTES = 1 << 30  # in one system call
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class FilesystemObjects:
    """`ports.objects.ObjectStore` below `root`, which must exist. Several processes may open the same root.

    After a failed sync the volume counts as bad: this store refuses to write until the process starts anew.
    """

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self._root = str(root)
        self._disk = disk or Disk()
        self._folders = DurableFolders(self._disk, self._root)
        self._failed = False
        self._spools = Spools(self._disk, self._root, self._writing)
        self.reclaimed_files = self._spools.reclaim()

    @property
    def failed(self) -> bool:
        """A write or sync failed with unknown outcome."""
        return self._failed

    def spool(self) -> FilesystemSpool:
        """Open a private file in this process's folder below `.spool`."""
        return self._spools.new()

    def put_file(self, spool: Spool, key: str, *, sha256: str) -> ObjectInfo:
        """Sync the file, give it its name, sync the folder and every folder above it that is new to this process."""
        del sha256  # nothing travels
        path = self._path(key)
        with self._writing():
            size = self._size(path)
            if size is None:
                spool.flush()
                self._name(_name_of(spool), path)
                size = self._disk.status(path).size_bytes
                self._folders.sync(_folder(path))
            else:
                self._make_durable(path)
        spool.discard()
        return ObjectInfo(key, size)

    def put(self, key: str, content: bytes) -> ObjectInfo:
        """Write a private file and rename it over the old one."""
        path = self._path(key)
        spool = self.spool()
        try:
            with self._writing():
                self._disk.write(spool.fileno(), content)
                spool.flush()
                self._folders.ensure(_folder(path))
                self._disk.rename(str(spool.path), path)
                self._folders.sync(_folder(path))
        finally:
            spool.discard()
        return ObjectInfo(key, len(content))

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Read the range in one piece."""
        return b"".join(self._chunks(self._path(key), start, end, MAX_READ_BYTES))

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """NotFound is raised by the call; the file is opened when the first chunk is taken."""
        self.stat(key)
        return self._chunks(self._path(key), start, end, CHUNK_BYTES)

    def local_path(self, key: str) -> Path | None:
        """The file, whether or not it exists."""
        return Path(self._path(key))

    def stat(self, key: str) -> ObjectInfo:
        """Size of the file."""
        try:
            status = self._disk.status(self._path(key))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound from error
        if status.is_folder:
            raise NotFound
        return ObjectInfo(key, status.size_bytes)

    def move(self, key: str, new_key: str) -> None:
        """Rename; both folders are synced, the new one first."""
        path, new_path = self._path(key), self._path(new_key)
        self.stat(key)
        with self._writing():
            self._folders.ensure(_folder(new_path))
            self._disk.rename(path, new_path)
            self._folders.sync(_folder(new_path))
            self._folders.sync(_folder(path))

    def delete(self, key: str) -> None:
        """Remove the file. Folders stay: another process may be about to name a file in them."""
        path = self._path(key)
        with self._writing():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                self._disk.unlink(path)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                self._folders.sync(_folder(path))

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Walk the folders that can hold such keys."""
        return list_objects(self._disk, self._root, prefix, after)

    def free_bytes(self) -> int | None:
        """Room left on the file system for this user."""
        return self.spool_free_bytes()

    def spool_free_bytes(self) -> int:
        """The same: spools become objects where they lie."""
        return self._disk.free_bytes(self._root)

    def _path(self, key: str) -> str:
        return f"{self._root}/{check_key(key)}"

    def _size(self, path: str) -> int | None:
        try:
            status = self._disk.status(path)
        except FileNotFoundError:
            return None
        if status.is_folder:
            raise InvalidRequest("the key is a folder of other keys")
        return status.size_bytes

    def _name(self, spool_path: str, path: str) -> None:
        """Give the synced file its key's name, unless somebody was quicker with the same content."""
        self._folders.ensure(_folder(path))
        try:
            self._link(spool_path, path)
        except FileNotFoundError:  # somebody took the folder away behind our back
            self._folders.forget(_folder(path))
            self._folders.ensure(_folder(path))
            self._link(spool_path, path)

    def _link(self, spool_path: str, path: str) -> None:
        try:
            self._disk.link(spool_path, path)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            self._disk.rename(spool_path, path)

    def _make_durable(self, path: str) -> None:
        """Also for a file found there: the process that made it may have died before its sync."""
        self._folders.ensure(_folder(path))
        self._folders.sync(_folder(path))

    def _chunks(self, path: str, start: int, end: int | None, most: int) -> Iterator[bytes]:
        with _finding():
            fd = self._disk.open(path, os.O_RDONLY)
        try:
            status = self._disk.open_status(fd)
            if status.is_folder:
                raise NotFound
            start, end = (
                max(start, 0),
                min(status.size_bytes, status.size_bytes if end is None else end),
            )
            while start < end:
                chunk = self._disk.pread(fd, min(most, end - start), start)
                if not chunk:
                    return
                start += len(chunk)
                yield chunk
        finally:
            self._disk.close(fd)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        if self._failed:
            raise StorageFailed("the volume failed before; nothing is written until a restart")
        try:
            yield
        except StorageFailed:
            self._failed = True
            raise
        except NotADirectoryError as error:
            raise InvalidRequest("the key lies below another key") from error
        except FileNotFoundError as error:
            raise Unavailable("a file or folder was taken away while it was written") from error
        except OSError as error:
            translated = storage_error(error)
            self._failed = self._failed or isinstance(translated, StorageFailed)
            raise translated from error


@contextlib.contextmanager
def _finding() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound from error


def _name_of(spool: Spool) -> str:
    return spool.name if isinstance(spool, FilesystemSpool) else str(spool.path)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]

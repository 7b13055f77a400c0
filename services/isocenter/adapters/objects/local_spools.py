"""Spools of a process whose objects lie elsewhere: files on this machine, which need not survive a power cut."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.objects.spools import Spools
from isocenter.ports.objects import Spool


class PassingDisk(Disk):
    """A disk whose files are read again at once: in the page cache, and synced only where somebody asks for it."""

    def open(self, path: str, flags: int) -> int:
        """Not past the page cache: from there it goes to the store."""
        if flags & getattr(os, "O_DIRECT", 0):
            raise OSError(errno.EINVAL, "not on this disk")
        return super().open(path, flags)


class LocalSpools:
    """Private files below a folder, which is made at the first of them: who only reads needs no place to write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._spools: Spools | None = None

    def new(self) -> Spool:
        """Open a fresh private file; where the folder was taken away, in a new one: nothing in it was acknowledged.

        Raises OutOfSpace, StorageFailed, Unavailable.
        """
        return self._opened().new()

    def free_bytes(self) -> int:
        """Room left where the folder is, or will be."""
        there = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        return Disk().free_bytes(str(there))

    def _opened(self) -> Spools:
        with self._lock:
            if self._spools is None or self._spools.is_lost:
                with _writing():
                    self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                    spools = Spools(PassingDisk(), str(self._folder), _writing)
                    spools.reclaim()  # what processes left there that are gone
                self._spools = spools
            return self._spools


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error

"""Spools of a process whose objects lie elsewhere: files on this machine that nobody needs after a power cut."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from isocenter.adapters.disk import Disk, storage_error
from isocenter.adapters.objects.spools import Spools
from isocenter.ports.objects import Spool


class PassingDisk(Disk):
    """A disk whose files are read again at once and never found again: in the page cache, without a sync."""

    def open(self, path: str, flags: int) -> int:
        """Not past the page cache: from there it goes to the store."""
        if flags & getattr(os, "O_DIRECT", 0):
            raise OSError(errno.EINVAL, "not on this disk")
        return super().open(path, flags)

    def fdatasync(self, fd: int) -> None:
        """Nothing: the object is durable once the store says so, and until then its sender has it."""


class LocalSpools:
    """Private files below a folder that is made when it is missing; what dead processes left there is removed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._spools = Spools(PassingDisk(), str(folder), _writing)
        self.reclaimed_files = self._spools.reclaim()

    def new(self) -> Spool:
        """Open a fresh private file. Raises OutOfSpace, StorageFailed."""
        return self._spools.new()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error

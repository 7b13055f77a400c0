"""Private files that become objects: a folder for each process, so what the dead left is told from the living's."""

import contextlib
import itertools
import os
import secrets
import threading
from pathlib import Path

from isocenter.adapters.disk import Disk
from isocenter.adapters.objects.spool_file import FilesystemSpool, Writing

FOLDER = ".spool"
_LOCK = ".lock"


class Spools:
    """`<root>/.spool/<random>/<n>.part`, with `<random>.lock` held by the process as long as it lives."""

    def __init__(self, disk: Disk, root: str, writing: Writing) -> None:
        self._disk = disk
        self._writing = writing
        self._folder = f"{root}/{FOLDER}"
        self._lock = threading.Lock()
        self._own = ""
        self._numbers = itertools.count(1)

    def new(self) -> FilesystemSpool:
        """Open a fresh private file."""
        with self._writing():
            own = self._own or self._claim()
            return FilesystemSpool(self._disk, f"{own}/{next(self._numbers)}.part", self._writing)

    @property
    def is_lost(self) -> bool:
        """Whether somebody took this process's folder away."""
        return bool(self._own) and not Path(self._own).is_dir()

    def reclaim(self) -> int:
        """Remove what processes left that are gone; returns the number of files."""
        names = self._disk.names(self._folder)
        return sum(self._reclaim(name) for name, _ in names if name.endswith(_LOCK))

    def _claim(self) -> str:
        with self._lock:
            while not self._own:
                with contextlib.suppress(FileExistsError):
                    self._disk.make_folder(self._folder)
                name = f"{self._folder}/{secrets.token_hex(8)}"
                if self._lock_held(name + _LOCK):
                    self._disk.make_folder(name)
                    self._own = name
            return self._own

    def _lock_held(self, path: str) -> bool:
        """Create and lock; False when a reclaiming process took the file away in between."""
        fd = self._disk.open(path, os.O_RDWR | os.O_CREAT)
        with contextlib.suppress(FileNotFoundError):
            if self._disk.lock(fd) and self._is_named(fd, path):
                return True
        self._disk.close(fd)
        return False

    def _is_named(self, fd: int, path: str) -> bool:
        return self._disk.status(path).inode == self._disk.open_status(fd).inode

    def _reclaim(self, lock_name: str) -> int:
        path = f"{self._folder}/{lock_name}"
        with contextlib.suppress(OSError):
            fd = self._disk.open(path, os.O_RDWR)
            try:
                return self._remove(path.removesuffix(_LOCK), path) if self._disk.lock(fd) else 0
            finally:
                self._disk.close(fd)
        return 0

    def _remove(self, folder: str, lock_path: str) -> int:
        names = self._disk.names(folder)
        for name, _ in names:
            self._disk.unlink(f"{folder}/{name}")
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove_folder(folder)
        self._disk.unlink(lock_path)
        return len(names)

"""A real disk whose calls can be counted, held, and made to fail."""

import errno
import os
import threading
from collections import Counter
from collections.abc import Callable

from isocenter.adapters.disk import Disk


class FaultyDisk(Disk):
    """`failing` maps a method's name to the errno it raises; `before` is called with the name of every sync."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.before: Callable[[str], None] = lambda _: None
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _enter(self, name: str) -> None:
        with self._lock:
            self.calls[name] += 1
        self.before(name)
        if name in self.failing:
            raise OSError(self.failing[name], os.strerror(self.failing[name]))

    def fdatasync(self, fd: int) -> None:
        self._enter("fdatasync")
        super().fdatasync(fd)

    def sync_folder(self, path: str) -> None:
        self._enter("sync_folder")
        super().sync_folder(path)

    def pwrite(self, fd: int, content: bytes | memoryview, offset: int) -> None:
        if "pwrite" in self.failing:
            super().pwrite(fd, memoryview(content)[: len(content) // 2], offset)
        self._enter("pwrite")
        super().pwrite(fd, content, offset)

    def link(self, path: str, new_path: str) -> None:
        self._enter("link")
        super().link(path, new_path)


NO_SPACE = errno.ENOSPC
BROKEN = errno.EIO
NO_LINKS = errno.EPERM

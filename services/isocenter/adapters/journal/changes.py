"""`journal/.changes`: one line for each folder in which a segment was opened, sealed or merged.

With it a reader sees what is new by looking at one size, not at the folder of every hour there ever was. It is a hint:
readers that start list everything, and a lost line delays nobody who reads on from an open segment.
"""

import os

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.names import FOLDER

NAME = ".changes"
_MAX_READ_BYTES = 1 << 20


class Changes:
    """What was told since the last look."""

    def __init__(self, disk: Disk, root: str) -> None:
        self._disk = disk
        self._path = f"{root}/{FOLDER}/{NAME}"
        self._seen: tuple[int, int] | None = None  # inode, size

    def news(self) -> list[str] | None:
        """Folders (`yyyy/mm/dd/hh`) that changed; None at the first look, or when only listing everything tells."""
        try:
            status = self._disk.status(self._path)
        except FileNotFoundError:
            now = (0, 0)
        else:
            now = (status.inode, status.size_bytes)
        before, self._seen = self._seen, now
        if before == now:
            return []
        if before is None or before[0] != now[0] or not 0 < now[1] - before[1] < _MAX_READ_BYTES:
            return None
        return self._lines(before[1], now[1])

    def _lines(self, start: int, end: int) -> list[str] | None:
        try:
            fd = self._disk.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            text = self._disk.pread(fd, end - start, start)
        finally:
            self._disk.close(fd)
        return text.decode("ascii", "replace").split()


def tell(disk: Disk, root: str, hour: str) -> None:
    """Say that the folder of that hour (`yyyy/mm/dd/hh`) changed; to be called after it did."""
    path = f"{root}/{FOLDER}/{NAME}"
    fd = disk.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        disk.write(fd, f"{hour}\n".encode("ascii"))
    finally:
        disk.close(fd)

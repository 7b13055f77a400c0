"""Ends the segments of writers that are gone: cuts what was torn off, writes the end mark, gives the final name."""

import contextlib
import os
from collections.abc import Iterable
from functools import partial

from isocenter.adapters.disk import Disk
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal import changes
from isocenter.adapters.journal.frames import END, Frame, encode, seed_of
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.walking import Walker, survivor_follows


def seal(
    disk: Disk, folders: DurableFolders, root: str, segments: Iterable[Segment], before_ms: int
) -> int:
    """Seal open segments that rest since `before_ms` and that nobody has locked; returns how many.

    A damaged one is left as it is: reading it tells, and cutting it would lose what follows the damage.
    """
    count = 0
    for segment in segments:
        if segment.last is None and _seal_abandoned(disk, folders, segment, before_ms):
            count += 1
            with contextlib.suppress(OSError):
                changes.tell(disk, root, segment.hour)
    return count


def _seal_abandoned(disk: Disk, folders: DurableFolders, segment: Segment, before_ms: int) -> bool:
    try:
        if disk.status(segment.path).changed_ms > before_ms:
            return False
        fd = disk.open(segment.path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if not disk.lock(fd) or not _is_named(disk, fd, segment.path):
            return False
        return _finish(disk, folders, segment, fd)
    finally:
        disk.close(fd)


def _is_named(disk: Disk, fd: int, path: str) -> bool:
    """Somebody else may have sealed it between our look and our lock."""
    try:
        return disk.status(path).inode == disk.open_status(fd).inode
    except FileNotFoundError:
        return False


def _finish(disk: Disk, folders: DurableFolders, segment: Segment, fd: int) -> bool:
    pread = partial(disk.pread, fd)
    walker = Walker(pread, segment.stream, 0, segment.first)
    while walker.step() is not None:
        pass
    last = walker.sequence - 1
    if survivor_follows(pread, segment.stream, walker.offset, last):
        return False
    if last < segment.first:
        disk.unlink(segment.path)
    else:
        end = encode(seed_of(segment.stream), Frame(last, walker.high_version, 0, b""), END)
        disk.pwrite(fd, end, walker.offset)
        disk.truncate(fd, walker.offset + len(end))
        disk.fdatasync(fd)
        disk.rename(segment.path, segment.sealed(last).path)
    folders.sync(segment.folder)
    return True

"""Joins small neighbouring segments of a stream into one, and removes them once the joined one was read again."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from isocenter.adapters.disk import Disk
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal import changes
from isocenter.adapters.journal.frames import END, HEADER_BYTES, Frame, encode, seed_of
from isocenter.adapters.journal.names import FRESH, HOUR_MS, Segment
from isocenter.adapters.journal.walking import Walker
from isocenter.errors import Corrupted

SMALL_BYTES = 4 << 20
MERGED_BYTES = 64 << 20


def merge(
    disk: Disk,
    folders: DurableFolders,
    root: str,
    chains: Iterable[Sequence[Segment]],
    before_ms: int,
) -> int:
    """Merge runs of small sealed segments that rest since `before_ms`; returns how many files are gone.

    The joined segment begins where its first part began and lies in that part's folder; readers prefer it as soon as
    it has its name, and a reader that has a part open reads on in it.
    """
    count = 0
    for chain in chains:
        for run in _runs(disk, chain, before_ms):
            # Another process may be at the same run; and damage is told by whoever reads it.
            with contextlib.suppress(FileExistsError, FileNotFoundError, Corrupted):
                _join(disk, folders, run, before_ms)
                _remove(disk, folders, run)
                count += len(run)
            for hour in {segment.hour for segment in run}:
                with contextlib.suppress(OSError):
                    changes.tell(disk, root, hour)
    return count


def _runs(disk: Disk, chain: Sequence[Segment], before_ms: int) -> Iterator[list[Segment]]:
    """Longest runs of gapless small neighbours, each at most `MERGED_BYTES` together."""
    run: list[Segment] = []
    total = 0
    for segment in chain:
        size = _mergeable_bytes(disk, segment, before_ms)
        follows = bool(run) and run[-1].last == segment.first - 1
        if size is None or not follows or total + size > MERGED_BYTES:
            if len(run) > 1:
                yield run
            run, total = [], 0
        if size is not None:
            run.append(segment)
            total += size
    if len(run) > 1:
        yield run


def _mergeable_bytes(disk: Disk, segment: Segment, before_ms: int) -> int | None:
    if segment.last is None:
        return None
    try:
        status = disk.status(segment.path)
    except FileNotFoundError:
        return None
    small = status.size_bytes <= SMALL_BYTES and status.changed_ms <= before_ms
    return status.size_bytes if small else None


def _join(disk: Disk, folders: DurableFolders, run: Sequence[Segment], before_ms: int) -> None:
    merged = run[0].sealed(run[-1].last or 0)
    fresh = merged.path + FRESH
    _clear_leftover(disk, fresh, before_ms)
    fd = disk.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        high_version = 0
        for segment in run:
            high_version = max(high_version, _copy(disk, segment, fd))
        last = merged.last or 0
        disk.write(fd, encode(seed_of(merged.stream), Frame(last, high_version, 0, b""), END))
        disk.fdatasync(fd)
        _check(disk, fd, merged)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.unlink(fresh)
        raise
    finally:
        disk.close(fd)
    disk.rename(fresh, merged.path)
    folders.sync(merged.folder)


def _clear_leftover(disk: Disk, fresh: str, before_ms: int) -> None:
    """Remove what a merging process left that was killed; one that still works wrote within the hour."""
    with contextlib.suppress(FileNotFoundError):
        if disk.status(fresh).changed_ms < before_ms - HOUR_MS:
            disk.unlink(fresh)


def _copy(disk: Disk, segment: Segment, fd: int) -> int:
    """Append the segment's commits as they are; returns its greatest version."""
    source = disk.open(segment.path, os.O_RDONLY)
    try:
        walker = _walk(disk, source, segment)
        end = walker.offset
        for offset in range(0, end, SMALL_BYTES):
            disk.write(fd, disk.pread(source, min(SMALL_BYTES, end - offset), offset))
        return walker.high_version
    finally:
        disk.close(source)


def _check(disk: Disk, fd: int, merged: Segment) -> None:
    walker = _walk(disk, fd, merged)
    if walker.offset + HEADER_BYTES != disk.open_status(fd).size_bytes:
        raise Corrupted("a merged segment is longer than its commits")


def _walk(disk: Disk, fd: int, segment: Segment) -> Walker:
    walker = Walker(partial(disk.pread, fd), segment.stream, 0, segment.first)
    while walker.step() is not None:
        pass
    if not walker.ended or walker.sequence - 1 != segment.last:
        raise Corrupted("a sealed segment does not end as it should", sequence=walker.sequence)
    return walker


def _remove(disk: Disk, folders: DurableFolders, run: Sequence[Segment]) -> None:
    for segment in run:
        disk.unlink(segment.path)
    for folder in {segment.folder for segment in run}:
        folders.sync(folder)

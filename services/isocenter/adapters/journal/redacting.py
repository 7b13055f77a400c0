"""Takes the content of unwanted entries out of segments: after a purge nobody can read a deleted header any more.

Places and versions stay, so positions that projections remember stay true. A segment is replaced whole, by rename; a
reader that has the old one open reads on in it.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from isocenter.adapters.disk import Disk
from isocenter.adapters.folders import DurableFolders
from isocenter.adapters.journal.frames import END, Frame, encode, encode_entries, records, seed_of
from isocenter.adapters.journal.names import FRESH, Segment
from isocenter.adapters.journal.walking import frames_of
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, Stream

Unwanted = Callable[[Entry], bool]


def redact(
    disk: Disk, folders: DurableFolders, segments: Iterable[Segment], unwanted: Unwanted
) -> tuple[int, int]:
    """Rewrite the sealed ones of these segments; return how many entries were emptied, and how many are left.

    Left are those in segments that are still written, or that hold kinds of a later release.
    """
    done = left = 0
    for segment in segments:
        with contextlib.suppress(
            FileNotFoundError
        ):  # merged this moment: its successor is looked at later
            found = _count(disk, segment, unwanted)
            if found and segment.last is not None:
                emptied = _rewrite(disk, folders, segment, unwanted)
                done, left = done + emptied, left + found - emptied
            else:
                left += found
    return done, left


def _count(disk: Disk, segment: Segment, unwanted: Unwanted) -> int:
    fd = disk.open(segment.path, os.O_RDONLY)
    try:
        return sum(
            unwanted(record.entry)
            for frame in _frames(disk, fd, segment)
            for record in records(segment.stream, frame)
        )
    finally:
        disk.close(fd)


def _rewrite(disk: Disk, folders: DurableFolders, segment: Segment, unwanted: Unwanted) -> int:
    fresh = segment.path + FRESH
    with contextlib.suppress(FileNotFoundError):  # of a process that was killed here
        disk.unlink(fresh)
    source = disk.open(segment.path, os.O_RDONLY)
    try:
        target = disk.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            emptied = _copy(disk, segment, (source, target), unwanted)
            disk.fdatasync(target)
            for _ in _frames(disk, target, segment):
                pass  # what is to replace the old one is proven first
        finally:
            disk.close(target)
    finally:
        disk.close(source)
    disk.rename(fresh, segment.path)
    folders.sync(segment.folder)
    return emptied


def _copy(disk: Disk, segment: Segment, files: tuple[int, int], unwanted: Unwanted) -> int:
    source, target = files
    seed = seed_of(segment.stream)
    emptied = high_version = 0
    for frame in _frames(disk, source, segment):
        kept, count = without(segment.stream, frame, unwanted)
        disk.write(target, encode(seed, kept))
        emptied += count
        high_version = frame.high_version
    end = Frame(segment.last or 0, high_version, 0, b"")
    disk.write(target, encode(seed, end, END))
    return emptied


def without(stream: Stream, frame: Frame, unwanted: Unwanted) -> tuple[Frame, int]:
    """The commit with its unwanted entries emptied, and how many they were; unchanged when it holds unknown kinds."""
    entries = [record.entry for record in records(stream, frame)]
    count = sum(map(unwanted, entries))
    if not count or len(entries) != frame.entries:
        return frame, 0
    kept = [
        replace(entry, kind=EntryKind.REDACTED, payload=b"") if unwanted(entry) else entry
        for entry in entries
    ]
    return frame._replace(body=encode_entries(kept)), count


def _frames(disk: Disk, fd: int, segment: Segment) -> Iterator[Frame]:
    return frames_of(partial(disk.pread, fd), segment)

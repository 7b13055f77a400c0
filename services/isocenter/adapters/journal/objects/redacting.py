"""Takes the content of unwanted entries out of segments that are objects.

An object is replaced whole under its key; places and versions stay. A store that keeps earlier versions of objects has
to be told to forget them.
"""

from collections.abc import Callable
from contextlib import suppress

from isocenter.adapters.journal.chains import written_since
from isocenter.adapters.journal.frames import END, Frame, encode, records, seed_of
from isocenter.adapters.journal.names import DAY_LENGTH, Segment
from isocenter.adapters.journal.objects.contents import pread_of, whole
from isocenter.adapters.journal.objects.known import Known
from isocenter.adapters.journal.objects.lookout import Lookout
from isocenter.adapters.journal.redacting import without
from isocenter.adapters.journal.walking import frames_of
from isocenter.errors import Corrupted, NotFound
from isocenter.ports.journal import Entry
from isocenter.ports.objects import ObjectStore

Unwanted = Callable[[Entry], bool]


def redact(
    objects: ObjectStore, known: Known, lookout: Lookout, unwanted: Unwanted, hour: str
) -> int:
    """Empty what is unwanted of that hour and later; returns how many entries hold kinds of a later release.

    What is merged stays within a day, so the day's objects are all that can reach into the hour.
    """
    while True:
        day = hour[:DAY_LENGTH]
        lookout.look_since(day)
        done = left = 0
        for stream in known.ends():
            mine = [segment for segment in known.of(stream) if segment.day >= day]
            for segment in written_since(mine, hour):
                emptied, kept = _redact(objects, segment, unwanted)
                done, left = done + emptied, left + kept
        if not done:
            return left


def _redact(objects: ObjectStore, segment: Segment, unwanted: Unwanted) -> tuple[int, int]:
    """How many entries were emptied, and how many are left."""
    with suppress(NotFound):  # merged this moment: its successor is looked at next
        content = whole(objects, segment)
        frames = list(frames_of(pread_of(content), segment))
        found = sum(_count(segment, frame, unwanted) for frame in frames)
        if found:
            emptied = _rewrite(objects, segment, frames, unwanted)
            return emptied, found - emptied
    return 0, 0


def _count(segment: Segment, frame: Frame, unwanted: Unwanted) -> int:
    return sum(unwanted(record.entry) for record in records(segment.stream, frame))


def _rewrite(
    objects: ObjectStore, segment: Segment, frames: list[Frame], unwanted: Unwanted
) -> int:
    seed = seed_of(segment.stream)
    parts: list[bytes] = []
    emptied = 0
    for frame in frames:
        kept, count = without(segment.stream, frame, unwanted)
        parts.append(encode(seed, kept))
        emptied += count
    if not emptied:
        return 0
    last = frames[-1]
    parts.append(encode(seed, Frame(last.sequence, last.high_version, 0, b""), END))
    content = b"".join(parts)
    objects.put(segment.path, content)
    if whole(objects, segment) != content:
        raise Corrupted("a redacted segment is not read as it was written")
    return emptied

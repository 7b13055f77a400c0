"""Joins segments that are objects into one, proven before anything is removed."""

from collections.abc import Sequence

from isocenter.adapters.journal.frames import END, Frame, encode, seed_of
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.objects.contents import pread_of, whole
from isocenter.adapters.journal.walking import frames_of
from isocenter.errors import Corrupted
from isocenter.ports.objects import ObjectStore


def join(objects: ObjectStore, run: Sequence[Segment]) -> Segment:
    """Put one segment with all commits of these, and read it again. It lies where the first of them lies.

    Raises Corrupted when a part or the whole is not what it should be, NotFound when a part is gone.
    """
    parts: list[bytes] = []
    high_version = 0
    for segment in run:
        content = whole(objects, segment)
        length = 0
        for frame in frames_of(pread_of(content), segment):
            length += frame.size_bytes
            high_version = max(high_version, frame.high_version)
        parts.append(content[:length])
    merged = run[0].sealed(run[-1].last or 0)
    parts.append(encode(seed_of(merged.stream), Frame(merged.last or 0, high_version, 0, b""), END))
    content = b"".join(parts)
    merged = merged._replace(size_bytes=len(content))
    objects.put(merged.path, content)
    if whole(objects, merged) != content:
        raise Corrupted("a merged segment is not read as it was written")
    return merged

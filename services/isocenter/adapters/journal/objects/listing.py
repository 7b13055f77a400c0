"""Segments as an object store lists them."""

import re
from collections.abc import Callable, Iterator

from isocenter.adapters.journal.names import FOLDER, Segment, parse
from isocenter.ports.journal import Stream
from isocenter.ports.objects import ObjectStore

PASSED = 16  # known segments of one stream and hour that are read over before the rest of them is skipped

_HOUR = re.compile(r"\d{4}/\d\d/\d\d/\d\d", re.ASCII)
Newest = Callable[
    [str, Stream], str
]  # key of the last segment known in a folder, of a stream; empty when none is


def listed(objects: ObjectStore, prefix: str, after: str = "") -> Iterator[Segment]:
    """Segments whose key starts with `prefix` and is greater than `after`, in the order of keys."""
    for info in objects.list(prefix, after):
        folder, _, name = info.key.rpartition("/")
        segment = parse(folder, name)
        if segment is not None and segment.last is not None and _HOUR.fullmatch(segment.hour):
            yield segment._replace(size_bytes=info.size_bytes)


def news(objects: ObjectStore, hour: str, newest: Newest) -> Iterator[Segment]:
    """Segments since that hour that follow the newest known ones of their stream and folder.

    What lies between known ones is passed by, where there is much of it by a list that starts behind it: so the cost
    is one request, and one more for each stream that wrote much in these hours.
    """
    after = f"{FOLDER}/{hour}"
    while after:
        start, after, passed = after, "", 0
        for segment in listed(objects, f"{FOLDER}/", start):
            key, last_key = segment.path, newest(segment.folder, segment.stream)
            if key > last_key:
                yield segment
                passed = 0
            elif key == last_key:
                passed = 0
            else:
                passed += 1
                if passed == PASSED:
                    after = last_key
                    break

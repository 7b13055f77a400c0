"""The bytes of segments that are objects."""

from isocenter.adapters.journal.frames import HEADER_BYTES, MAX_BODY_BYTES
from isocenter.adapters.journal.names import Segment
from isocenter.adapters.journal.reading import Content
from isocenter.adapters.journal.walking import Pread
from isocenter.errors import Corrupted
from isocenter.ports.objects import ObjectStore

WHOLE_BYTES = 1 << 20  # smaller ones are read in one request
MAX_BYTES = (
    MAX_BODY_BYTES + 2 * HEADER_BYTES
)  # one commit of the largest kind; merged ones are smaller


def content_of(objects: ObjectStore, segment: Segment) -> Content:
    """For reading a part or all of it. Raises NotFound, now or when it is read."""
    key, size_bytes = segment.path, segment.size_bytes
    if size_bytes <= WHOLE_BYTES:
        content = objects.read(key, 0, WHOLE_BYTES)
        return Content((key, len(content)), pread_of(content))
    return Content((key, size_bytes), lambda size, start: objects.read(key, start, start + size))


def whole(objects: ObjectStore, segment: Segment) -> bytes:
    """All of it. Raises NotFound, and Corrupted when it is larger than any segment."""
    content = objects.read(segment.path, 0, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Corrupted("a segment is larger than any may be")
    return content


def pread_of(content: bytes) -> Pread:
    """Parts of bytes in memory."""
    return lambda size, start: content[start : start + size]

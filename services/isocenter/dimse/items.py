"""Items and sub-items of the association PDUs: type, reserved, 16-bit length, content (PS3.8 9.3.1)."""

import struct
from collections.abc import Iterable, Iterator

from isocenter.dicom.uids import is_valid_uid
from isocenter.dimse.faults import ProtocolViolation

_HEADER = struct.Struct(">BxH")
MAX_ITEM_BYTES = 0xFFFF


def walk_items(content: memoryview, max_items: int) -> Iterator[tuple[int, memoryview]]:
    """Give type and content of each item in order, views into `content`.

    Raises:
        ProtocolViolation: an item overruns its container, or there are more than `max_items`.
    """
    at = 0
    for _ in range(max_items):
        if at == len(content):
            return
        if at + _HEADER.size > len(content):
            raise ProtocolViolation("an item header is cut off")
        kind, length = _HEADER.unpack_from(content, at)
        at += _HEADER.size
        if at + length > len(content):
            raise ProtocolViolation("an item overruns its container")
        yield kind, content[at : at + length]
        at += length
    if at != len(content):
        raise ProtocolViolation("too many items")


def encode_item(kind: int, content: bytes) -> bytes:
    """Put the header before the content; a ValueError is a bug of ours: content above 65,535 bytes."""
    if len(content) > MAX_ITEM_BYTES:
        raise ValueError("the content is too long for an item")
    return _HEADER.pack(kind, len(content)) + content


def encode_items(kind: int, contents: Iterable[bytes]) -> bytes:
    """Encode several items of one kind."""
    return b"".join(encode_item(kind, content) for content in contents)


def decode_uid(content: memoryview) -> str:
    """Decode a UID, forgiving padding some peers add; an invalid one becomes an empty text, which names nothing."""
    text = bytes(content[:80]).decode("latin-1").rstrip("\0 ")
    return text if is_valid_uid(text) else ""

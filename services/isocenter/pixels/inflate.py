"""Inflating with the output bounded beforehand (PS3.5 A.5 and the deflated image frame syntax)."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from isocenter.errors import InvalidInstance, LimitExceeded

CHUNK = 1 << 18


def inflate_frame(frame: bytes, size_bytes: int) -> bytes:
    """Inflate a raw deflate stream of exactly known size; trailing padding is allowed."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        out = inflater.decompress(frame, size_bytes)
    except zlib.error as error:
        raise InvalidInstance("the deflated frame cannot be inflated") from error
    if len(out) < size_bytes:
        raise InvalidInstance("the deflated frame is too short")
    return out


def inflated_chunks(source: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Inflate a raw deflate stream in chunks; raises LimitExceeded before more than `max_bytes` come out."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    pending = b""
    while not inflater.eof:
        pending = pending or source.read(CHUNK)
        if not pending:
            return
        try:
            chunk = inflater.decompress(pending, CHUNK)
        except zlib.error as error:
            raise InvalidInstance("the data set cannot be inflated") from error
        pending = inflater.unconsumed_tail
        total += len(chunk)
        if total > max_bytes:
            raise LimitExceeded("the data set inflates to too much", max_bytes=max_bytes)
        yield chunk


def inflated_range(source: BinaryIO, start: int, end: int, max_bytes: int) -> bytes:
    """Bytes `[start, end)` of the inflated stream, memory bounded by that range."""
    out = bytearray()
    place = 0
    for chunk in inflated_chunks(source, max_bytes):
        low, high = max(start - place, 0), min(end - place, len(chunk))
        if low < high:
            out += chunk[low:high]
        place += len(chunk)
        if place >= end:
            break
    if len(out) != end - start:
        raise InvalidInstance("the inflated data set is shorter than its description")
    return bytes(out)

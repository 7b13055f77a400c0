"""Byte ranges and conditional requests (RFC 9110 sections 13 and 14), as far as images need them."""

import re

from isocenter.errors import RangeNotSatisfiable

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


def asked_range(header: str, size_bytes: int) -> tuple[int, int] | None:
    """The half-open range a Range header asks of `size_bytes` bytes, clipped to them.

    None when the whole is to be sent: no header, another unit, something malformed, or several ranges (which a server
    may answer with the whole). Raises RangeNotSatisfiable past the end.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        end = min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return None
    if start >= size_bytes or start >= end:
        raise RangeNotSatisfiable("the range lies past the end", size_bytes=size_bytes)
    return start, end


def none_match(header: str, etag: str) -> bool:
    """Tell whether If-None-Match lets the answer be 304: the client has this entity tag (weak comparison)."""
    if not header:
        return False
    if header.strip() == "*":
        return True
    return any(_strong(tag) == _strong(etag) for tag in header.split(","))


def _strong(tag: str) -> str:
    return tag.strip().removeprefix("W/")

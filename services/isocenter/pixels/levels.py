"""Where each resolution of an HTJ2K codestream ends, when its tile-parts are resolutions (ISO/IEC 15444-1 A.4)."""

from itertools import pairwise

_SOC_SIZ = b"\xff\x4f\xff\x51"
_SOT = 0xFF90
_SOT_BYTES = 12
MAX_SEGMENTS = 1024
MAX_LEVELS = 33


def level_ends(stream: bytes) -> tuple[int, ...]:
    """Byte end of every resolution, the lowest first; the last is the length of the stream.

    A prefix that ends there decodes exactly to that resolution, half as wide and high as the next. One end only when
    the stream is not of one tile whose tile-parts are its resolutions.
    """
    whole = (len(stream),)
    first = _first_tile_part(stream)
    ends = _tile_part_ends(stream, first) if first else []
    levels = decomposition_levels(stream)
    if len(ends) != levels + 1 or any(end <= start for start, end in pairwise(ends)):
        return whole
    return (*ends[:-1], len(stream))  # the last with what ends the stream


def decomposition_levels(stream: bytes) -> int:
    """How often the size is halved, from the coding style (A.6.1); -1 when the stream does not say."""
    for marker, place, _ in _segments(stream):
        if marker == 0xFF52 and place + 10 <= len(stream):
            return stream[place + 9]
    return -1


def _segments(stream: bytes) -> list[tuple[int, int, int]]:
    """Marker, place and end of the main header's segments, up to the first tile-part, which ends where it begins."""
    found: list[tuple[int, int, int]] = []
    if not stream.startswith(_SOC_SIZ):
        return found
    place = 2
    while place + 4 <= len(stream) and len(found) < MAX_SEGMENTS:
        marker = int.from_bytes(stream[place : place + 2], "big")
        if marker == _SOT:
            found.append((marker, place, place))
            break
        end = place + 2 + int.from_bytes(stream[place + 2 : place + 4], "big")
        found.append((marker, place, end))
        place = end
    return found


def _first_tile_part(stream: bytes) -> int:
    return next((place for marker, place, _ in _segments(stream) if marker == _SOT), 0)


def _tile_part_ends(stream: bytes, place: int) -> list[int]:
    """Ends of the tile-parts of tile 0; empty when they are not all of it, in order."""
    ends: list[int] = []
    while int.from_bytes(stream[place : place + 2], "big") == _SOT and len(ends) < MAX_LEVELS:
        head = stream[place : place + _SOT_BYTES]
        tile, length = int.from_bytes(head[4:6], "big"), int.from_bytes(head[6:10], "big")
        is_next = len(head) == _SOT_BYTES and head[10] == len(ends)
        if tile or not is_next or length < _SOT_BYTES or place + length > len(stream):
            return []
        place += length
        ends.append(place)
    return ends

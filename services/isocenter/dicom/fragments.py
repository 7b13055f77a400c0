"""Encapsulated Pixel Data (PS3.5 A.4): walk the fragments and find which of them are which frame."""

import mmap
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct

from isocenter.dicom.encoding import ITEM, SEQUENCE_END, Buffer
from isocenter.dicom.limits import ScanLimits
from isocenter.errors import InvalidInstance, LimitExceeded

_ITEM_HEAD = Struct("<HHL")  # encapsulated syntaxes are little endian
_FORGET_BYTES = 32 << 20
_STARTS = (
    b"\xff\xd8",
    b"\xff\x4f\xff\x51",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
)  # JPEG and JPEG-LS, J2K, JPEG XL


@dataclass(frozen=True, slots=True)
class Fragments:
    """`offset` is the first item after the offset table, `end` where the sequence delimiter is or should be."""

    offset_table: bytes
    offset: int
    lengths: tuple[int, ...]
    end: int
    truncated: bool


def walk_fragments(data: Buffer, at: int, end: int, limits: ScanLimits) -> Fragments:
    """Walk the items of the value at `at`; touches the item headers only.

    Raises InvalidInstance when something else than an item stands where one has to, LimitExceeded on too many.
    """
    lengths: list[int] = []
    offset_table: bytes | None = None
    offset = forgotten = position = at
    truncated = True
    while position + 8 <= end:
        group, element, length = _ITEM_HEAD.unpack_from(data, position)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            truncated = False
            break
        if tag != ITEM:
            raise InvalidInstance(
                "Pixel Data holds something else than items", code="fragment_not_an_item"
            )
        available = min(length, end - position - 8)
        if offset_table is None:
            offset_table = bytes(
                data[position + 8 : position + 8 + min(available, 4 * limits.max_fragments)]
            )
            offset = position + 8 + available
        else:
            lengths.append(available)
        if len(lengths) > limits.max_fragments:
            raise LimitExceeded("too many fragments", code="too_many_fragments")
        position += 8 + available
        if position - forgotten > _FORGET_BYTES:
            forgotten = forget(data, forgotten, position)
    return Fragments(
        offset_table or b"", offset, tuple(lengths), position if not truncated else end, truncated
    )


def forget(data: Buffer, start: int, end: int) -> int:
    """Give the pages of a mapped file back that were walked over, so that memory stays flat; returns `end`.

    The mapping must not have been written to. Nothing happens for other buffers.
    """
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = start // mmap.PAGESIZE * mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, first, end - first)
    return end


def map_frames(
    data: Buffer, fragments: Fragments, frames: int, extended_table: bytes, *, video: bool
) -> tuple[int, ...] | None:
    """Give the first fragment of each frame (empty: one each), or None when it cannot be told.

    In order of trust: the Extended Offset Table (PS3.3 C.7.6.3), the Basic Offset Table, one fragment for each frame,
    the codec's own start marker at the start of a fragment, one frame of all fragments.
    """
    count = len(fragments.lengths)
    if not count:
        return None
    if video or (frames == 1 and count > 1):
        return (0,)
    for offsets in (_offsets(extended_table, "Q"), _offsets(fragments.offset_table, "L")):
        first = _from_offsets(fragments.lengths, offsets, frames)
        if first is not None:
            return first
    if count == frames:
        return ()
    return _from_starts(data, fragments, frames)


def _offsets(table: bytes, code: str) -> Sequence[int]:
    size = Struct("<" + code).size
    return Struct(f"<{len(table) // size}{code}").unpack_from(table)


def _from_offsets(
    lengths: Sequence[int], offsets: Sequence[int], frames: int
) -> tuple[int, ...] | None:
    if len(offsets) != frames or list(offsets) != sorted(set(offsets)) or offsets[0] != 0:
        return None
    starts = list(accumulate((length + 8 for length in lengths), initial=0))
    first = tuple(bisect_left(starts, offset) for offset in offsets)
    if any(
        starts[n] != offset for n, offset in zip(first, offsets, strict=True) if n < len(lengths)
    ):
        return None
    if first[-1] >= len(lengths):
        return None
    return () if len(lengths) == frames else first


def _from_starts(data: Buffer, fragments: Fragments, frames: int) -> tuple[int, ...] | None:
    first: list[int] = []
    position = forgotten = fragments.offset
    for index, length in enumerate(fragments.lengths):
        if bytes(data[position + 8 : position + 16]).startswith(_STARTS):
            first.append(index)
        position += 8 + length
        if position - forgotten > _FORGET_BYTES:
            forgotten = forget(data, forgotten, position)
    return tuple(first) if len(first) == frames and first[0] == 0 else None

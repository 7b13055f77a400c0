"""A pack: frames one after another, then the table that tells where each is, then where the table is.

`magic, frames, table (PackIndex), trailer`: the trailer has the table's place, length and CRC-32, and the magic again.
"""

import struct
from collections.abc import Callable, Sequence
from zlib import crc32

from google.protobuf.message import DecodeError

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.errors import Corrupted

MAGIC = b"ICPACK\x01\n"
TRAILER = struct.Struct("<QII8s")
MAX_TABLE_BYTES = 256 << 20
READ_AHEAD_BYTES = 64 << 10  # the table of a usual series is in the last of these

Append = Callable[[bytes], None]
Read = Callable[[int, int], bytes]
"""Bytes `[start, end)` of the pack."""


class PackWriter:
    """Writes one pack through `append`, in order."""

    def __init__(self, study: str, series: str, append: Append) -> None:
        self._append = append
        self._index = pb.PackIndex(study_instance_uid=study, series_instance_uid=series)
        self._place = 0
        self._write(MAGIC)

    def add(self, instance: pb.PackedInstance) -> None:
        """Begin an instance, described but for its frames."""
        self._index.instances.add().CopyFrom(instance)

    def add_frame(self, content: bytes, level_ends: Sequence[int], sample_sha256: bytes) -> None:
        """Add a frame to the instance begun last."""
        self._index.instances[-1].frames.add(
            offset=self._place,
            level_ends=level_ends,
            sample_sha256=sample_sha256,
            crc32=crc32(content),
        )
        self._write(content)

    def describe(self, transfer_syntax_uid: str, photometric_interpretation: str) -> None:
        """Say how the frames of the instance begun last are encoded."""
        instance = self._index.instances[-1]
        instance.transfer_syntax_uid = transfer_syntax_uid
        instance.photometric_interpretation = photometric_interpretation

    def refuse(self, reason: str) -> None:
        """Let the instance begun last stay as stored; frames it had are nobody's."""
        instance = self._index.instances[-1]
        del instance.frames[:]
        instance.refused = reason

    def add_thumbnail(self, picture: bytes, sop: str, frame_number: int) -> None:
        """Add the small picture."""
        self._index.thumbnail.CopyFrom(
            pb.PackedThumbnail(
                offset=self._place,
                length=len(picture),
                sop_instance_uid=sop,
                frame_number=frame_number,
            )
        )
        self._write(picture)

    def finish(self) -> pb.PackIndex:
        """Write table and trailer; give the table."""
        table = self._index.SerializeToString(deterministic=True)
        place = self._place
        self._write(table)
        self._write(TRAILER.pack(place, len(table), crc32(table), MAGIC))
        return self._index

    def _write(self, content: bytes) -> None:
        self._append(content)
        self._place += len(content)


def read_index(read: Read, size_bytes: int) -> pb.PackIndex:
    """Read the table of a pack of this size; raises Corrupted when it is none, before memory is taken for it."""
    start = max(0, size_bytes - READ_AHEAD_BYTES)
    tail = read(start, size_bytes)
    if len(tail) < TRAILER.size:
        raise Corrupted("not a pack")
    place, length, checksum, magic = TRAILER.unpack(tail[-TRAILER.size :])
    end = size_bytes - TRAILER.size
    if magic != MAGIC or length > MAX_TABLE_BYTES or place + length != end:
        raise Corrupted("not a pack")
    table = tail[place - start : end - start] if place >= start else read(place, end)
    if crc32(table) != checksum:
        raise Corrupted("the pack's table is damaged")
    try:
        index = pb.PackIndex.FromString(table)
    except DecodeError as error:
        raise Corrupted("the pack's table cannot be read") from error
    _check(index, place)
    return index


def frame_bytes(read: Read, frame: pb.PackedFrame) -> bytes:
    """A frame's bytes; raises Corrupted when they are not those that were written."""
    content = read(frame.offset, frame.offset + frame.level_ends[-1])
    if crc32(content) != frame.crc32:
        raise Corrupted("a frame in a pack is damaged")
    return content


def _check(index: pb.PackIndex, end: int) -> None:
    """Nothing the table names lies outside the frames."""
    for instance in index.instances:
        for frame in instance.frames:
            ends = frame.level_ends
            if not ends or any(a >= b for a, b in zip((0, *ends), ends, strict=False)):
                raise Corrupted("a frame in a pack has no length")
            if frame.offset + ends[-1] > end:
                raise Corrupted("a frame lies outside its pack")
    if index.thumbnail.offset + index.thumbnail.length > end:
        raise Corrupted("a picture lies outside its pack")

"""How commits lie in a segment: header, body of entries, a checksum over both that is bound to the stream."""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from isocenter.errors import Corrupted
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, Position, Record, Stream

COMMIT = b"ISJ1"
END = b"ISJE"  # a sealed segment's last frame: no body, the sequence of the last commit
HEADER = Struct("<4sIQQII")  # mark, crc32, sequence, greatest version so far, entries, body bytes
HEADER_BYTES = HEADER.size
MAX_BODY_BYTES = 96 << 20  # a header at its cap of 64 MiB fits
_UNSIGNED = 8  # mark and checksum themselves
_ENTRY = Struct("<BBQI")  # kind, partition, version, payload bytes; the payload follows
_KINDS = {int(kind): kind for kind in EntryKind}


class Frame(NamedTuple):
    """One commit, its checksum proven."""

    sequence: int
    high_version: int
    entries: int
    body: bytes

    @property
    def size_bytes(self) -> int:
        """Length in the file."""
        return HEADER_BYTES + len(self.body)


class Heading(NamedTuple):
    """A header as read; nothing is proven yet."""

    mark: bytes
    checksum: int
    sequence: int
    high_version: int
    entries: int
    body_bytes: int


def seed_of(stream: Stream) -> int:
    """What checksums start from, so that another stream's old bytes on a reused block are never taken for ours."""
    return crc32(f"{stream.node}-{stream.epoch}".encode("ascii"))


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """Body of a commit, or part of one."""
    parts: list[bytes] = []
    for entry in entries:
        size = len(entry.payload)
        parts.append(_ENTRY.pack(entry.kind, entry.partition, entry.version, size))
        parts.append(entry.payload)
    return b"".join(parts)


def encode(seed: int, frame: Frame, mark: bytes = COMMIT) -> bytes:
    """The frame's bytes."""
    unsigned = HEADER.pack(
        mark, 0, frame.sequence, frame.high_version, frame.entries, len(frame.body)
    )[_UNSIGNED:]
    checksum = crc32(frame.body, crc32(unsigned, seed))
    return b"".join((mark, checksum.to_bytes(4, "little"), unsigned, frame.body))


def parse_heading(header: bytes) -> Heading | None:
    """Read a header; None where no frame begins or it claims more than `MAX_BODY_BYTES`."""
    if len(header) < HEADER_BYTES:
        return None
    heading = Heading(*HEADER.unpack_from(header))
    known = heading.mark in {COMMIT, END}
    return heading if known and heading.body_bytes <= MAX_BODY_BYTES else None


def proven(seed: int, heading: Heading, header: bytes, body: bytes) -> bool:
    """Tell whether header and body are those that were written."""
    unsigned = header[_UNSIGNED:HEADER_BYTES]
    whole = len(body) == heading.body_bytes
    return whole and crc32(body, crc32(unsigned, seed)) == heading.checksum


def records(stream: Stream, frame: Frame) -> Iterator[Record]:
    """Entries of a proven frame, with their places; kinds of a later release are left out."""
    offset = 0
    for index in range(frame.entries):
        if offset + _ENTRY.size > len(frame.body):
            raise Corrupted("a commit holds fewer entries than it says")
        kind, partition, version, size = _ENTRY.unpack_from(frame.body, offset)
        offset += _ENTRY.size
        payload = frame.body[offset : offset + size]
        offset += size
        if kind in _KINDS:
            position = Position(stream.node, stream.epoch, frame.sequence, index)
            yield Record(position, Entry(version, _KINDS[kind], partition, payload))

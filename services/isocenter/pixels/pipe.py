"""Framing between a service and its codec processes: header (JSON) and payload, each with its length in front."""

import struct
from typing import IO

LENGTHS = struct.Struct("!IQ")
MAX_HEADER_BYTES = 64 << 20  # a job lists the byte ranges of all its frames
MAX_PAYLOAD_BYTES = 2 << 30


def read_message(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Next header and payload; None at the end of the stream."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header_bytes, payload_bytes = LENGTHS.unpack(lengths)
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        return None
    header, payload = stream.read(header_bytes), stream.read(payload_bytes)
    if len(header) < header_bytes or len(payload) < payload_bytes:
        return None
    return header, payload


def write_message(stream: IO[bytes], header: bytes, payload: bytes | memoryview = b"") -> None:
    """Send one message."""
    stream.write(LENGTHS.pack(len(header), len(payload)))
    stream.write(header)
    stream.write(payload)
    stream.flush()

"""Objects on disk, read from their bytes."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: its key and what its bytes are."""

    key: str
    digest: str
    zero_preamble: bool


def read(path: Path, key: str) -> Stored:
    """One object on disk."""
    return parse(path.read_bytes(), key)


def parse(data: bytes, key: str) -> Stored:
    """Find the data set behind File Meta (explicit little endian, PS3.10 7.1) and digest it."""
    if data[128:132] != b"DICM":
        return Stored(key, "no DICM", zero_preamble=False)
    at, transfer_syntax = 132, b""
    while data[at : at + 2] == b"\x02\x00":
        representation = data[at + 4 : at + 6]
        if representation in (b"OB", b"UN"):
            (size,) = struct.unpack_from("<I", data, at + 8)
            value = at + 12
        else:
            (size,) = struct.unpack_from("<H", data, at + 6)
            value = at + 8
        if data[at + 2 : at + 4] == b"\x10\x00":
            transfer_syntax = data[value : value + size].rstrip(b"\x00 ")
        at = value + size
    digest = hashlib.sha256(transfer_syntax + b"\n" + data[at:]).hexdigest()
    return Stored(key, digest, zero_preamble=data[:128] == bytes(128))


def instances(archive: Path) -> list[Stored]:
    """All objects under `instances/`."""
    root = archive / "instances"
    return [
        read(path, path.relative_to(archive).as_posix())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]

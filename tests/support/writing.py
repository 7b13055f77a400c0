"""Filling a spool, as a receiver does and as nobody would."""

import mmap

from isocenter.ports.objects import Spool

PAGES_BYTES = 256 << 10


def write_all(spool: Spool, content: bytes) -> None:
    """Append it in pieces that begin at a page of memory."""
    pages = memoryview(mmap.mmap(-1, PAGES_BYTES))
    for start in range(0, len(content), PAGES_BYTES):
        piece = content[start : start + PAGES_BYTES]
        pages[: len(piece)] = piece
        spool.append(pages, len(piece))


def write_oddly(spool: Spool, content: bytes, piece_bytes: int) -> None:
    """Append it in pieces of a length no disk likes, from memory that begins anywhere."""
    memory = memoryview(bytearray(b"?" + content + b"?" * 9000))
    for start in range(0, len(content), piece_bytes):
        size = min(piece_bytes, len(content) - start)
        spool.append(memory[1 + start : 1 + start + size], size)

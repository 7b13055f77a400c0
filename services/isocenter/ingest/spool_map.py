"""A spool seen as memory: read where it is looked at, so that a file of many GB costs no more than its header."""

import mmap
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from isocenter.ports.objects import Spool

T = TypeVar("T")


def with_mapping(spool: Spool, size_bytes: int, look: Callable[[mmap.mmap], T]) -> T:
    """Give `look` a read-only mapping of the first `size_bytes`, at least one; it must keep no view of it."""
    mapping = mmap.mmap(spool.fileno(), size_bytes, access=mmap.ACCESS_READ)
    try:
        return look(mapping)
    finally:
        with suppress(BufferError):  # an exception's traceback holds a view; it goes with it
            mapping.close()

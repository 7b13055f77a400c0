"""ObjectStore: immutable bytes by key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from isocenter.errors import InvalidRequest

MAX_KEY_LENGTH = 512
BLOCK_BYTES = 4096  # in which disks and memory are cut
_KEY = re.compile(r"(?!\.)[A-Za-z0-9._~-]{1,255}(/(?!\.)[A-Za-z0-9._~-]{1,255})*", re.ASCII)


def check_key(key: str) -> str:
    """Return the key, or raise InvalidRequest; every adapter asks this first, so no key can leave its store."""
    if len(key) > MAX_KEY_LENGTH or _KEY.fullmatch(key) is None:
        raise InvalidRequest("not a key of the object store")
    return key


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of an object."""

    key: str
    size_bytes: int


class Spool(Protocol):
    """A private file that becomes an object; not visible to anybody until `ObjectStore.put_file`."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    def append(self, memory: memoryview, size_bytes: int) -> None:
        """Write the first `size_bytes` of `memory`, which is writable, at the end of the file.

        Costs least when `memory` begins at a page and reaches to the next multiple of `BLOCK_BYTES`, as did all before
        it: the disk may then take it as it lies there, with what follows `size_bytes` up to there set to zero.
        Raises OutOfSpace, StorageFailed.
        """
        ...

    def fileno(self) -> int:
        """Descriptor open for reading."""
        ...

    def flush(self) -> None:
        """Begin to make durable what was written; nothing is written afterwards. What it does `put_file` need not.

        Raises OutOfSpace, StorageFailed.
        """
        ...

    def discard(self) -> None:
        """Forget the file. Harmless after it was put."""
        ...


class ObjectStore(Protocol):
    """Immutable bytes by key; blocking, safe to call from many threads.

    An object is visible whole or not at all. When `put` or `put_file` returns it is durable: it survives loss of power.
    A key names its content, so putting it again is harmless and cheap; nothing rests on conditional writes, which
    stores do not agree on. Keys are `/`-separated, at most 512 ASCII characters of `[A-Za-z0-9._~-]`; a key is never
    the folder of another key; parts that are empty or begin with a dot raise InvalidRequest.
    Errors: NotFound; OutOfSpace (nothing was written); StorageFailed (outcome unknown); Corrupted (the bytes are
    not those of the given `sha256`, or come back short); Unavailable.
    """

    def spool(self) -> Spool:
        """Open a new private file near the store."""
        ...

    def put_file(self, spool: Spool, key: str, *, sha256: str) -> ObjectInfo:
        """Make the spooled file the object `key`. `sha256` is of the whole file, or empty when not known.

        The spool is consumed; when this raises, it is as it was, to be put again or discarded. An object that is
        already there stays and the spool is discarded.
        """
        ...

    def put(self, key: str, content: bytes) -> ObjectInfo:
        """Write a small object. An existing one is replaced whole."""
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes of the half-open range `[start, end)`, clipped to the object; raises NotFound."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The same range in chunks of at most 1 MiB, memory flat."""
        ...

    def local_path(self, key: str) -> Path | None:
        """The file behind the object where there is one (for mmap and sendfile), else None."""
        ...

    def stat(self, key: str) -> ObjectInfo:
        """Size of the object; raises NotFound."""
        ...

    def move(self, key: str, new_key: str) -> None:
        """Give the object another key, durable on return. Not atomic on every store: both may exist meanwhile."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object, durable on return; nothing happens when it is not there."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, sorted by key, those greater than `after`."""
        ...

    def free_bytes(self) -> int | None:
        """Room left, or None when the store does not tell."""
        ...

    def spool_free_bytes(self) -> int:
        """Room left for spools: on the file system they lie on, which may be another than that of the objects."""
        ...

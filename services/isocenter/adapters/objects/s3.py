"""ObjectStore on a bucket of any S3 store: a spool is a local file, an object what the store answered 200 for."""

import contextlib
import mmap
import os
import re
from collections.abc import Iterator
from hashlib import sha256 as hash_of
from pathlib import Path
from typing import Self

from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.s3 import Bucket, Capabilities, connect, located, probe
from isocenter.adapters.s3.stream import CHUNK_BYTES, stream
from isocenter.adapters.s3.upload import IN_PARTS_FROM_BYTES, Uploads
from isocenter.errors import (
    Conflict,
    Corrupted,
    InvalidRequest,
    NotFound,
    RangeNotSatisfiable,
    StorageFailed,
)
from isocenter.ports.objects import ObjectInfo, Spool, check_key

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class S3Objects:
    """`ports.objects.ObjectStore` in one bucket. Several processes may use the same bucket.

    Before `probe` was asked, an object that is there already is found by a request of its own; afterwards by a
    conditional write, on stores that do those. Either way nothing is lost where both fail: a key names its content.
    """

    def __init__(
        self, bucket: Bucket, spools: LocalSpools, known: Capabilities | None = None
    ) -> None:
        self._bucket = bucket
        self._spools = spools
        self._uploads = Uploads(bucket)
        self._is_conditional = known is not None and known.conditional_put

    @classmethod
    def at(
        cls, url: str, *, access_key: str = "", secret_key: str = "", spool_folder: str = ""
    ) -> Self:
        """See `adapters.open.open_objects`. Raises InvalidRequest when something is missing; nothing is asked yet."""
        location = located(url)
        client = connect(location, access_key=access_key, secret_key=secret_key)
        if not Path(spool_folder).is_absolute():
            raise InvalidRequest("objects on a server need a spool folder: ISOCENTER_SPOOL_FOLDER")
        return cls(Bucket(client, location.bucket), LocalSpools(Path(spool_folder)))

    def probe(self) -> Capabilities:
        """Find out what the store can do, and use it. Raises UnfitStore when it lies, Unavailable."""
        found = probe(self._bucket)
        self._is_conditional = found.conditional_put
        return found

    def spool(self) -> Spool:
        """Open a private file on this machine; it need not survive the machine."""
        return self._spools.new()

    def put_file(self, spool: Spool, key: str, *, sha256: str) -> ObjectInfo:
        """Send the file; the store answers once it has verified its hash and made it durable.

        Raises Corrupted when the file's bytes are not those of `sha256`, or other bytes arrived.
        """
        check_key(key)
        if sha256 and _SHA256.fullmatch(sha256) is None:
            raise InvalidRequest("a SHA-256 is 64 hexadecimal digits in lower case")
        info = self._put_new(key, _content(spool.fileno()), sha256)
        spool.discard()
        return info

    def put(self, key: str, content: bytes) -> ObjectInfo:
        """Send it in one request."""
        self._bucket.put(check_key(key), content)
        return ObjectInfo(key, len(content))

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """One request."""
        start = max(start, 0)
        if end is not None and end <= start:
            self.stat(key)
            return b""
        try:
            return self._bucket.read(check_key(key), start, end)
        except RangeNotSatisfiable:
            return b""

    def stream(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """NotFound is raised by the call. An answer that breaks off is taken up where it broke."""
        start = max(start, 0)
        if end is not None and end <= start:
            self.stat(key)
            return iter(())
        try:
            return stream(self._bucket, check_key(key), start, end, CHUNK_BYTES)
        except RangeNotSatisfiable:
            return iter(())

    def local_path(self, key: str) -> Path | None:
        """None: no object is a file here."""
        check_key(key)
        return None

    def stat(self, key: str) -> ObjectInfo:
        """One request."""
        return ObjectInfo(key, self._bucket.size_bytes(check_key(key)))

    def move(self, key: str, new_key: str) -> None:
        """Copy within the store, look at the copy, delete."""
        check_key(new_key)
        size_bytes = self.stat(key).size_bytes
        if new_key == key:
            return
        self._bucket.copy(key, new_key)
        if self.stat(new_key).size_bytes != size_bytes:
            raise StorageFailed("the object store made a copy of another size")
        self._bucket.delete(key)

    def delete(self, key: str) -> None:
        """One request."""
        self._bucket.delete(check_key(key))

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        """A request for each thousand keys. What else is in the bucket, under names that are no keys, is left out."""
        folder = prefix[: prefix.rfind("/") + 1]
        if folder:
            check_key(folder[:-1])
        for page in self._bucket.pages(prefix, after):
            for key, size_bytes in page:
                with contextlib.suppress(InvalidRequest):
                    yield ObjectInfo(check_key(key), size_bytes)

    def free_bytes(self) -> int | None:
        """None: S3 does not tell."""
        return None

    def spool_free_bytes(self) -> int:
        """Room left on the spool folder's file system."""
        return self._spools.free_bytes()

    def _put_new(self, key: str, content: memoryview, sha256: str) -> ObjectInfo:
        if self._is_conditional and len(content) < IN_PARTS_FROM_BYTES:
            standing = self._put_if_new(key, content, sha256)
        else:
            standing = self._standing(key)
            if standing is None:
                self._put(key, content, sha256)
        return standing or ObjectInfo(key, len(content))

    def _put_if_new(self, key: str, content: memoryview, sha256: str) -> ObjectInfo | None:
        try:
            self._bucket.put(key, content, sha256, is_new=True)
        except Conflict:  # also when it was ours, and only the answer was lost
            standing = self._standing(key)
            if standing is None:  # gone again; or a store that counts what was deleted
                self._bucket.put(key, content, sha256)
            return standing
        return None

    def _put(self, key: str, content: memoryview, sha256: str) -> None:
        if len(content) < IN_PARTS_FROM_BYTES:
            self._bucket.put(key, content, sha256)
            return
        if sha256 and hash_of(content).hexdigest() != sha256:  # a store verifies each part only
            raise Corrupted("the spooled bytes are not those of the hash")
        self._uploads.put(key, content)

    def _standing(self, key: str) -> ObjectInfo | None:
        try:
            return self.stat(key)
        except NotFound:
            return None


def _content(descriptor: int) -> memoryview:
    """All of a file, which goes from the page cache to the socket; unmapped when nothing refers to it any more."""
    if not os.fstat(descriptor).st_size:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))

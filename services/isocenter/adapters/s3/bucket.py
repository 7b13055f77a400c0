"""One bucket: a method for each request, in our errors. Safe to call from many threads."""

import contextlib
import time
from collections.abc import Iterator
from typing import NamedTuple

from minio.commonconfig import CopySource
from minio.datatypes import parse_list_objects
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from isocenter.adapters.s3.connection import PAYLOAD_HASH, Body, S3Client
from isocenter.adapters.s3.faults import translating
from isocenter.errors import NotFound, Unavailable

PAGE_KEYS = 1000  # the most a store gives at once
FIRST_PAGE_KEYS = 32
READ_ATTEMPTS = 3
PROVED_S = 10.0
_PARTIAL = 206


class Page(NamedTuple):
    """Some keys with their sizes, in order, and whether there may be more."""

    found: list[tuple[str, int]]
    is_last: bool


class Answer(NamedTuple):
    """Bytes on their way: all of them have to be read, or the answer closed."""

    body: BaseHTTPResponse
    size_bytes: int
    etag: str


class Bucket:
    """Errors: NotFound, OutOfSpace, StorageFailed (a write's outcome is unknown), Unavailable; others where said."""

    def __init__(self, client: S3Client, name: str) -> None:
        self.client = client
        self.name = name
        self._proved_s = float("-inf")

    def size_bytes(self, key: str) -> int:
        """Of an object; raises NotFound, which is certain: the bucket is there."""
        try:
            with translating(is_writing=False):
                answer = self.client.ask("HEAD", self.name, key)
        except NotFound:
            # An answer to HEAD has no body that would say whether it is the bucket that is missing.
            if time.monotonic() - self._proved_s > PROVED_S:
                self.prove()
            raise
        return _length(answer)

    def prove(self) -> None:
        """Raise Unavailable when the bucket is not there for us."""
        with translating(is_writing=False):
            self.client.ask("HEAD", self.name)
        self._proved_s = time.monotonic()

    def put(self, key: str, body: Body, sha256: str = "", *, is_new: bool = False) -> None:
        """Write an object, whole and durable on return; `sha256` is computed when it is empty.

        Raises Conflict where `is_new` and there is one, on stores that know of it; Corrupted when other bytes arrived
        than those of the hash.
        """
        headers = {PAYLOAD_HASH: sha256} if sha256 else {}
        if is_new:
            headers["If-None-Match"] = "*"
        with translating(is_writing=True):
            self.client.ask("PUT", self.name, key, body=body, headers=headers)
        self._proved_s = time.monotonic()

    def open(self, key: str, start: int = 0, end: int | None = None, etag: str = "") -> Answer:
        """Begin to read `[start, end)`, clipped; of the object with this `etag` only, when one is given.

        Raises RangeNotSatisfiable where nothing of the object is in the range, Conflict where the etag is another.
        """
        headers = {"If-Match": etag} if etag else {}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        with translating(is_writing=False):
            answer = self.client.fetch(self.name, key, headers)
        if "Range" in headers and answer.status != _PARTIAL:
            answer.close()
            raise Unavailable("the object store does not answer ranges of bytes")
        size_bytes = _length(answer)
        if end is not None and size_bytes > end - start:
            answer.close()
            raise Unavailable("the object store answers more than it was asked for")
        self._proved_s = time.monotonic()
        return Answer(answer, size_bytes, answer.headers.get("ETag", ""))

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The range in one piece; a broken answer is asked for again."""
        for _ in range(READ_ATTEMPTS):
            answer = self.open(key, start, end)
            try:
                content = answer.body.read(decode_content=False)
            except HTTPError:
                answer.body.close()
                continue
            answer.body.release_conn()
            if len(content) == answer.size_bytes:
                return content
        raise Unavailable("the object store's answers break off")

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens when it is not there, of which some stores make an error."""
        with contextlib.suppress(NotFound), translating(is_writing=True):
            self.client.ask("DELETE", self.name, key)

    def copy(self, key: str, new_key: str) -> None:
        """Copy within the store; raises NotFound."""
        with translating(is_writing=True):
            self.client.copy_object(self.name, new_key, CopySource(self.name, key))

    def page(self, prefix: str, after: str, keys: int = PAGE_KEYS) -> Page:
        """Objects whose key starts with `prefix` and is greater than `after`."""
        query = {"list-type": "2", "delimiter": "", "max-keys": str(keys), "prefix": prefix}
        if after:
            query["start-after"] = after
        with translating(is_writing=False):
            answer = self.client.ask("GET", self.name, query=query)
            objects, is_truncated, *_ = parse_list_objects(answer)
        self._proved_s = time.monotonic()
        found = [(each.object_name or "", each.size or 0) for each in objects]
        return Page(found, not is_truncated)

    def pages(self, prefix: str, after: str) -> Iterator[list[tuple[str, int]]]:
        """All of them, a page at a time: a short one first, for who looks at what is new takes few keys.

        Each page is asked for by the key before it, not by a token: a token dies with the server that gave it.
        Raises Unavailable when the keys are not in order, for then some would be missed.
        """
        keys = FIRST_PAGE_KEYS
        while True:
            page = self.page(prefix, after, keys)
            keys = PAGE_KEYS
            for key, _ in page.found:
                if key <= after or not key.startswith(prefix):
                    raise Unavailable("the object store lists keys out of order")
                after = key
            yield page.found
            if page.is_last:
                return
            if not page.found:
                raise Unavailable("the object store lists nothing and says there is more")


def _length(answer: BaseHTTPResponse) -> int:
    try:
        return int(answer.headers["Content-Length"])
    except (KeyError, ValueError):
        answer.close()
        raise Unavailable("the object store does not say how long its answer is") from None

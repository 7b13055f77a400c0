"""Uploads in parts: large objects in pieces that are sent side by side, and forgotten whole when one fails."""

import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Lock

from minio.datatypes import Part

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.connection import PAYLOAD_HASH
from isocenter.adapters.s3.faults import translating
from isocenter.errors import IsocenterError, NotFound, StorageFailed, Unavailable

IN_PARTS_FROM_BYTES = 64 << 20
PART_BYTES = 16 << 20
AT_ONCE = 4  # parts on their way, of all uploads of a process together
MAX_PARTS = 10_000


class PartsLost(StorageFailed):
    """The store said it made one object of the parts, and did not."""


class Uploads:
    """Uploads of one process to one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._lock = Lock()
        self._threads: ThreadPoolExecutor | None = None

    def put(self, key: str, body: memoryview, part_bytes: int = PART_BYTES) -> None:
        """As `Bucket.put`. What is lost of a process that dies midway is the store's to forget, after its time."""
        part_bytes = max(part_bytes, -(-len(body) // MAX_PARTS))
        name, client = self._bucket.name, self._bucket.client
        with translating(is_writing=False):  # parts are no object yet
            upload_id = client.begin_upload(name, key)
        try:
            parts = self._send(key, upload_id, body, part_bytes)
            self._complete(key, upload_id, parts, len(body))
        except BaseException:
            with contextlib.suppress(IsocenterError), translating(is_writing=True):
                client.abort_upload(name, key, upload_id)
            raise

    def _send(self, key: str, upload_id: str, body: memoryview, part_bytes: int) -> list[Part]:
        def send(number: int, part: memoryview) -> Part:
            with translating(is_writing=False):
                query = {"partNumber": str(number), "uploadId": upload_id}
                headers = {PAYLOAD_HASH: hashlib.sha256(part).hexdigest()}
                answer = self._bucket.client.ask(
                    "PUT", self._bucket.name, key, body=part, headers=headers, query=query
                )
            return Part(number, answer.headers.get("ETag", "").strip('"'))

        threads = self._started()
        sending = [
            threads.submit(send, number, part)
            for number, part in enumerate(_pieces(body, part_bytes), 1)
        ]
        return _all_of(sending)

    def _complete(self, key: str, upload_id: str, parts: list[Part], size_bytes: int) -> None:
        """The answer may be 200 with an error in it, or lost: what counts is what stands under the key."""
        failed: IsocenterError | None = None
        try:
            with translating(is_writing=True):
                self._bucket.client.complete_upload(self._bucket.name, key, upload_id, parts)
        except IsocenterError as error:
            failed = error
        try:
            standing = self._bucket.size_bytes(key)
        except NotFound:
            standing = -1
        except Unavailable:
            raise StorageFailed("it is not known whether the parts became an object") from None
        if standing != size_bytes:
            raise failed or PartsLost("the object store did not make one object of its parts")

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(AT_ONCE, "s3-upload")
            return self._threads


def _pieces(body: memoryview, part_bytes: int) -> Iterator[memoryview]:
    for start in range(0, len(body), part_bytes):
        yield body[start : start + part_bytes]


def _all_of(sending: list[Future[Part]]) -> list[Part]:
    """All results in order; after a failure nothing more is begun, and nothing is under way any more."""
    done, pending = wait(sending, return_when=FIRST_EXCEPTION)
    for future in pending:
        future.cancel()
    wait(sending)
    failed = next((future.exception() for future in done if future.exception()), None)
    if failed is not None:
        raise failed
    return [future.result() for future in sending]

"""A range of an object in chunks. A connection that breaks is made again and goes on where it broke."""

from collections.abc import Iterator

from urllib3.exceptions import HTTPError

from isocenter.adapters.s3.bucket import Answer, Bucket
from isocenter.errors import Conflict, Unavailable

CHUNK_BYTES = 1 << 20
MAX_FRUITLESS = 3  # answers that broke off before a byte had come


def stream(
    bucket: Bucket, key: str, start: int, end: int | None, chunk_bytes: int
) -> Iterator[bytes]:
    """Raises NotFound at once; later Unavailable, also when the object was replaced meanwhile."""
    return _chunks(bucket, key, start, bucket.open(key, start, end), chunk_bytes)


def _chunks(
    bucket: Bucket, key: str, start: int, answer: Answer, chunk_bytes: int
) -> Iterator[bytes]:
    end = start + answer.size_bytes
    fruitless = 0
    while True:
        before = start
        for chunk in _taken(answer, end - start, chunk_bytes):
            start += len(chunk)
            yield chunk
        if start == end:
            return
        fruitless = fruitless + 1 if start == before else 0
        if fruitless == MAX_FRUITLESS:
            raise Unavailable("the object store's answers break off")
        answer = _resumed(bucket, key, start, end, answer.etag)


def _taken(answer: Answer, size_bytes: int, chunk_bytes: int) -> Iterator[bytes]:
    """What comes of the answer before it ends or breaks off."""
    body, left = answer.body, size_bytes
    try:
        while left:
            chunk = body.read(min(chunk_bytes, left), decode_content=False)
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
        body.release_conn()
    except HTTPError:
        return
    finally:
        if left:
            body.close()


def _resumed(bucket: Bucket, key: str, start: int, end: int, etag: str) -> Answer:
    try:
        answer = bucket.open(key, start, end, etag)
    except Conflict:
        raise Unavailable("the object was replaced while it was read") from None
    if answer.size_bytes != end - start:
        answer.body.close()
        raise Unavailable("the object was replaced while it was read")
    return answer

"""Ways in which a store says what is not so. Each is found by asking again, in another way."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.upload import PartsLost, Uploads
from isocenter.errors import NotFound, RangeNotSatisfiable, Unavailable

ACKNOWLEDGES_WITHOUT_STORING = "acknowledges without storing"
TRUNCATES = "truncates"
ALTERS = "alters what it stores"
LISTS_LATE = "lists late"
LISTS_DELETED = "lists what is deleted"
KEEPS_DELETED = "answers with what is deleted"
READS_STALE = "answers with what was replaced"
IGNORES_RANGES = "does not answer ranges"
BREAKS_PARTS = "does not keep uploads in parts"

SAMPLE_BYTES = 300_000  # more than a store keeps with the metadata
SMALLEST_PART_BYTES = 5 << 20  # of S3
_LAST_PART_BYTES = 1000


class _Sample(NamedTuple):
    """An object that was acknowledged."""

    key: str
    content: bytes


def lies_of(bucket: Bucket, folder: str) -> Iterator[str]:
    """Each lie the store is found at; those that follow from others are left out."""
    sample = _Sample(f"{folder}/sample", random.randbytes(SAMPLE_BYTES))  # noqa: S311  (no secret)
    bucket.put(sample.key, sample.content)
    is_listed = sample.key in _listed(bucket, folder)
    stored = _lie_about_content(bucket, sample)
    if stored:
        yield stored
    if not is_listed and stored != ACKNOWLEDGES_WITHOUT_STORING:
        yield LISTS_LATE
    if stored:
        return
    yield from (lie for lie, is_told in _FURTHER if is_told(bucket, folder, sample))


def _lie_about_content(bucket: Bucket, sample: _Sample) -> str:
    try:
        size_bytes = bucket.size_bytes(sample.key)
        content = bucket.read(sample.key)
    except NotFound:
        return ACKNOWLEDGES_WITHOUT_STORING
    if min(size_bytes, len(content)) < len(sample.content):
        return TRUNCATES
    if size_bytes != len(content) or content != sample.content:
        return ALTERS
    return ""


def _ignores_ranges(bucket: Bucket, folder: str, sample: _Sample) -> bool:
    del folder
    key, content = sample
    try:
        parts = (
            bucket.read(key, 0, 1000),
            bucket.read(key, 1000, 200_000),
            bucket.read(key, 200_000),
        )
    except (Unavailable, RangeNotSatisfiable):
        return True
    return parts != (content[:1000], content[1000:200_000], content[200_000:])


def _reads_stale(bucket: Bucket, folder: str, sample: _Sample) -> bool:
    del folder
    newer = sample.content[1000:]
    bucket.put(sample.key, newer)
    return bucket.read(sample.key) != newer


def _keeps_deleted(bucket: Bucket, folder: str, sample: _Sample) -> bool:
    del folder
    bucket.delete(sample.key)
    try:
        bucket.size_bytes(sample.key)
    except NotFound:
        return False
    return True


def _lists_deleted(bucket: Bucket, folder: str, sample: _Sample) -> bool:
    return sample.key in _listed(bucket, folder)


def _breaks_parts(bucket: Bucket, folder: str, sample: _Sample) -> bool:
    key, seam = f"{folder}/parts", SMALLEST_PART_BYTES
    copies = -(-seam // len(sample.content))
    content = (sample.content * copies)[:seam] + sample.content[:_LAST_PART_BYTES]
    try:
        Uploads(bucket).put(key, memoryview(content), SMALLEST_PART_BYTES)
        return bucket.read(key) != content
    except (PartsLost, NotFound):
        return True


_FURTHER: tuple[tuple[str, Callable[[Bucket, str, _Sample], bool]], ...] = (  # in this order
    (IGNORES_RANGES, _ignores_ranges),
    (READS_STALE, _reads_stale),
    (KEEPS_DELETED, _keeps_deleted),
    (LISTS_DELETED, _lists_deleted),
    (BREAKS_PARTS, _breaks_parts),
)


def _listed(bucket: Bucket, folder: str) -> set[str]:
    return {key for page in bucket.pages(f"{folder}/", "") for key, _ in page}

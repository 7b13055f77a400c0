"""What some stores do and others do not; nothing may rest on it."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.faults import translating
from isocenter.errors import Conflict, IsocenterError, NotFound

RACERS = 4
_OTHER = sha256(b"other bytes")


def can_put_conditionally(bucket: Bucket, folder: str) -> bool:
    """Let some write one new key at once, and a late one after them: the first alone may succeed, and stands."""
    key = f"{folder}/race"
    with ThreadPoolExecutor(RACERS) as threads:
        won = list(threads.map(lambda n: _put_new(bucket, key, str(n)), range(RACERS)))
    if won.count(True) != 1 or _put_new(bucket, key, "late"):
        return False
    return bucket.read(key) == str(won.index(True)).encode()


def verifies_payload(bucket: Bucket, folder: str) -> bool:
    """Sign the hash of other bytes than are sent."""
    key = f"{folder}/payload"
    try:
        bucket.put(key, b"bytes", _OTHER.hexdigest())
    except IsocenterError:
        return not _is_there(bucket, key)
    return False


def verifies_checksum(bucket: Bucket, folder: str) -> bool:
    """Send the checksum of other bytes."""
    key = f"{folder}/checksum"
    headers = {"x-amz-checksum-sha256": b64encode(_OTHER.digest()).decode()}
    try:
        with translating(is_writing=True):
            bucket.client.ask("PUT", bucket.name, key, body=b"bytes", headers=headers)
    except IsocenterError:
        return not _is_there(bucket, key)
    return False


def is_versioned(bucket: Bucket) -> bool | None:
    """Whether old versions stay; None when we may not ask."""
    try:
        with translating(is_writing=False):
            return bucket.client.get_bucket_versioning(bucket.name).status == "Enabled"
    except IsocenterError:
        return None


def _put_new(bucket: Bucket, key: str, content: str) -> bool:
    try:
        bucket.put(key, content.encode(), is_new=True)
    except Conflict:
        return False
    except IsocenterError:  # a store that does not know of it, and says so
        return False
    return True


def _is_there(bucket: Bucket, key: str) -> bool:
    try:
        bucket.size_bytes(key)
    except NotFound:
        return False
    return True

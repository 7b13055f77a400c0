"""What a store can do and whether it does what it says, tried out under keys of its own, which are removed."""

import contextlib
import secrets
from collections.abc import Iterator

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.capabilities import Capabilities, UnfitStore
from isocenter.adapters.s3.drives import drive_warning
from isocenter.adapters.s3.features import (
    can_put_conditionally,
    is_versioned,
    verifies_checksum,
    verifies_payload,
)
from isocenter.adapters.s3.lies import lies_of
from isocenter.errors import IsocenterError

FOLDER = "probe"
_UNVERIFIED = "The store does not verify what it receives: bytes damaged on the way would be kept."
_VERSIONED = (
    "The bucket keeps old versions: what is deleted stays readable to whoever may read versions,"
    " until a lifecycle rule removes it."
)


def probe(bucket: Bucket) -> Capabilities:
    """Try the store out, in a second or so; at each start, for a store may have changed.

    Raises UnfitStore, which names every lie that was found; Unavailable, OutOfSpace, StorageFailed.
    """
    bucket.prove()
    with _folder(bucket) as folder:
        lies = tuple(lies_of(bucket, folder))
        if lies:
            raise UnfitStore(lies)
        return _capabilities(bucket, folder)


def _capabilities(bucket: Bucket, folder: str) -> Capabilities:
    is_verified = verifies_payload(bucket, folder)
    versioning = is_versioned(bucket)
    warnings = (
        "" if is_verified else _UNVERIFIED,
        _VERSIONED if versioning else "",
        drive_warning(bucket),
    )
    return Capabilities(
        conditional_put=can_put_conditionally(bucket, folder),
        verified_payload=is_verified,
        verified_checksum=verifies_checksum(bucket, folder),
        versioning=versioning,
        warnings=tuple(filter(None, warnings)),
    )


@contextlib.contextmanager
def _folder(bucket: Bucket) -> Iterator[str]:
    """A prefix nobody else uses, emptied afterwards as well as the store lets us."""
    folder = f"{FOLDER}/{secrets.token_hex(8)}"
    try:
        yield folder
    finally:
        with contextlib.suppress(IsocenterError):
            for page in bucket.pages(f"{folder}/", ""):
                for key, _ in page:
                    bucket.delete(key)

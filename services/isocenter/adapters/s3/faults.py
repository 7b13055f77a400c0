"""What a store's errors mean to us. The client's own texts hold keys, so none is passed on."""

import contextlib
import re
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from isocenter.adapters.s3.pool import NoAnswer
from isocenter.errors import (
    Conflict,
    Corrupted,
    InvalidRequest,
    IsocenterError,
    NotFound,
    OutOfSpace,
    RangeNotSatisfiable,
    StorageFailed,
    Unavailable,
)

_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"})
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})
_FOLDERS = frozenset({"ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject"})
_REFUSED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_STANDING = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_ERRORS: dict[str, tuple[type[IsocenterError], str]] = {
    "NoSuchKey": (NotFound, ""),
    "NoSuchBucket": (Unavailable, "the object store has no such bucket"),
    "InvalidRange": (RangeNotSatisfiable, ""),
    "RequestTimeTooSkewed": (Unavailable, "this machine and the object store disagree on the time"),
    **dict.fromkeys(_FULL, (OutOfSpace, "the object store is full")),
    **dict.fromkeys(_DAMAGED, (Corrupted, "the bytes that arrived are not those of the hash")),
    **dict.fromkeys(_FOLDERS, (InvalidRequest, "the key lies below another key, or above one")),
    **dict.fromkeys(_REFUSED, (Unavailable, "the object store refuses the access key we have")),
    **dict.fromkeys(_STANDING, (Conflict, "")),
}
_CODE = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_FULL_STATUS = 507


@contextlib.contextmanager
def translating(*, is_writing: bool) -> Iterator[None]:
    """Raise `isocenter.errors` for what the client raises. Conflict: the key has an object, and was to have none.

    Whoever was writing hears StorageFailed when it may have happened all the same.
    """
    try:
        yield
    except S3Error as error:
        raise _of_code(error.code or "", error.response.status, is_writing) from None
    except NoAnswer as error:
        unknown = StorageFailed if error.is_doubtful and is_writing else Unavailable
        raise unknown(f"the object store cannot be reached: {error}") from None
    except (HTTPError, OSError):
        raise _unknown(is_writing, "the object store's answer broke off") from None
    except MinioException:  # of a proxy, or of something else at that address
        raise _unknown(is_writing, "the object store's answer is none of S3") from None
    except (ValueError, ParseError):
        raise _unknown(is_writing, "the object store's answer cannot be read") from None


def _of_code(code: str, status: int, is_writing: bool) -> IsocenterError:
    if code in _ERRORS:
        kind, message = _ERRORS[code]
        return kind(message)
    if status == _FULL_STATUS:
        return OutOfSpace("the object store is full")
    shown = code if _CODE.fullmatch(code) else "of a strange name"
    message = f"the object store answered with an error {shown} ({status})"
    return _unknown(is_writing and status >= 500, message)


def _unknown(is_writing: bool, message: str) -> IsocenterError:
    return StorageFailed(message) if is_writing else Unavailable(message)

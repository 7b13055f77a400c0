"""One tree of errors, split by what the caller should do; every edge has one table that maps it.

The edges and their tables: gRPC `runtime/rpc.py`, DIMSE `ingest/statuses.py`, HTTP `dicomweb/problems.py`,
messages `runtime/consume.py`. A message text is for a developer: it never holds a patient's data.
"""

from typing import ClassVar


class IsocenterError(Exception):
    """Root of all errors this platform raises on purpose; `reason` is stable and part of the API."""

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str = "", **fields: str | int | float) -> None:
        super().__init__(message or self.reason)
        self.message = message or self.reason
        self.fields = fields


class PermanentError(IsocenterError):
    """Trying the same thing again gives the same answer."""

    reason = "PERMANENT"


class TransientError(IsocenterError):
    """Trying again later may succeed; `retry_after_s` is advice, seconds."""

    reason = "TRANSIENT"

    def __init__(
        self, message: str = "", *, retry_after_s: float | None = None, **fields: str | int | float
    ) -> None:
        super().__init__(message, **fields)
        self.retry_after_s = retry_after_s


class InvalidInstance(PermanentError):
    """The bytes are not a usable DICOM instance."""

    reason = "INVALID_INSTANCE"


class InvalidRequest(PermanentError):
    """The request itself is malformed."""

    reason = "INVALID_REQUEST"


class LimitExceeded(PermanentError):
    """A cap on size, depth or count was reached before memory was taken."""

    reason = "LIMIT_EXCEEDED"


class UnsupportedSyntax(PermanentError):
    """No codec here turns this transfer syntax into the asked one."""

    reason = "UNSUPPORTED_TRANSFER_SYNTAX"


class NotAcceptable(PermanentError):
    """None of the media types the client accepts can be produced."""

    reason = "NOT_ACCEPTABLE"


class UnsupportedMediaType(PermanentError):
    """The body's media type is not one this route takes."""

    reason = "UNSUPPORTED_MEDIA_TYPE"


class NotFound(PermanentError):
    """Nothing visible carries this name."""

    reason = "NOT_FOUND"


class RangeNotSatisfiable(PermanentError):
    """The asked byte range lies outside the representation; `fields["size_bytes"]` is its length."""

    reason = "RANGE_NOT_SATISFIABLE"


class Conflict(PermanentError):
    """Something else already stands where this would go."""

    reason = "CONFLICT"


class Unauthenticated(PermanentError):
    """The caller gave no proof, or a wrong one."""

    reason = "UNAUTHENTICATED"


class Denied(PermanentError):
    """The caller is known and may not do this."""

    reason = "DENIED"


class Corrupted(PermanentError):
    """Stored bytes differ from their digest, or a stored structure cannot be read."""

    reason = "CORRUPTED"


class Unavailable(TransientError):
    """A back-end does not answer."""

    reason = "UNAVAILABLE"


class Busy(TransientError):
    """A bound on parallel work is reached."""

    reason = "BUSY"


class OutOfSpace(TransientError):
    """The disk is at its hard mark; nothing was acknowledged."""

    reason = "OUT_OF_SPACE"


class StorageFailed(TransientError):
    """A write or sync failed; its outcome is unknown, so the volume is marked bad and nothing is acknowledged."""

    reason = "STORAGE_FAILED"

"""Errors on the gRPC edge: one table of codes, the reason in the trailing metadata, and the way back for clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from isocenter import errors
from isocenter.errors import IsocenterError, TransientError

REASON = "isocenter-reason"
RETRY_AFTER_MS = "isocenter-retry-after-ms"

CODES: dict[type[IsocenterError], grpc.StatusCode] = {
    errors.InvalidInstance: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    errors.LimitExceeded: grpc.StatusCode.OUT_OF_RANGE,
    errors.UnsupportedSyntax: grpc.StatusCode.UNIMPLEMENTED,
    errors.UnsupportedMediaType: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotAcceptable: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.RangeNotSatisfiable: grpc.StatusCode.OUT_OF_RANGE,
    errors.Conflict: grpc.StatusCode.ALREADY_EXISTS,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Denied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Corrupted: grpc.StatusCode.DATA_LOSS,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.Busy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.OutOfSpace: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.StorageFailed: grpc.StatusCode.UNAVAILABLE,
    errors.PermanentError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TransientError: grpc.StatusCode.UNAVAILABLE,
    errors.IsocenterError: grpc.StatusCode.INTERNAL,
}
_BY_REASON = {kind.reason: kind for kind in CODES}
_WITHOUT_REASON: dict[grpc.StatusCode, type[IsocenterError]] = {
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.Unavailable,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.Busy,
    grpc.StatusCode.UNAUTHENTICATED: errors.Unauthenticated,
}


def code_of(error: IsocenterError) -> grpc.StatusCode:
    """Canonical code; a class that is not in the table has that of its nearest ancestor."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def trailers_of(error: IsocenterError) -> tuple[tuple[str, str], ...]:
    """Trailing metadata: the stable reason, and when to try again."""
    trailers = [(REASON, error.reason)]
    if isinstance(error, TransientError) and error.retry_after_s is not None:
        trailers.append((RETRY_AFTER_MS, str(int(error.retry_after_s * 1000))))
    return tuple(trailers)


def error_of(failure: grpc.RpcError) -> IsocenterError:
    """Our error behind a failed call."""
    call: Any = failure  # grpc and grpc.aio both give it these methods, not these types
    trailers = {key: value for key, value in call.trailing_metadata() or ()}
    details = call.details() or ""
    kind = _BY_REASON.get(str(trailers.get(REASON, "")))
    if kind is None:
        kind = _WITHOUT_REASON.get(call.code(), IsocenterError)
    if issubclass(kind, TransientError):
        wait_ms = str(trailers.get(RETRY_AFTER_MS, ""))
        return kind(details, retry_after_s=int(wait_ms) / 1000 if wait_ms.isdigit() else None)
    return kind(details)


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors instead of gRPC's for the calls made inside."""
    try:
        yield
    except grpc.RpcError as failure:
        raise error_of(failure) from failure

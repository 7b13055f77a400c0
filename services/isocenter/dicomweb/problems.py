"""The HTTP edge's one table: class of error to status, and the readable body that goes with it (RFC 9457)."""

import json
from dataclasses import dataclass
from math import ceil

from isocenter import errors
from isocenter.errors import IsocenterError, TransientError

MEDIA_TYPE = "application/problem+json"
INTERNAL_SERVER_ERROR = 500

STATUS: dict[type[IsocenterError], int] = {
    errors.InvalidInstance: 400,
    errors.InvalidRequest: 400,
    errors.LimitExceeded: 413,
    errors.UnsupportedSyntax: 406,
    errors.NotAcceptable: 406,
    errors.UnsupportedMediaType: 415,
    errors.NotFound: 404,
    errors.RangeNotSatisfiable: 416,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.Denied: 403,
    errors.Corrupted: 500,
    errors.Unavailable: 503,
    errors.Busy: 503,
    errors.OutOfSpace: 507,
    errors.StorageFailed: 503,
    errors.TransientError: 503,
}

_TITLES = {
    400: "The request cannot be understood",
    401: "Who is asking?",
    403: "Not allowed",
    404: "Not found",
    406: "Not available in an acceptable form",
    409: "In conflict with what is there",
    413: "Too large",
    415: "Unsupported media type",
    416: "Range outside the content",
    500: "Something went wrong here",
    503: "Not available just now",
    507: "Out of space",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that says what went wrong; `headers` includes the Content-Type, not the Content-Length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def status_of(error: BaseException) -> int:
    """Give the status of the nearest class in the table; 500 for what was not raised on purpose."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return INTERNAL_SERVER_ERROR


def problem_of(error: BaseException) -> Problem:
    """Describe an error for a client. The text of an unexpected exception never leaves the process."""
    status = status_of(error)
    content: dict[str, str | int | float] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
    }
    if isinstance(error, IsocenterError):
        content |= error.fields
        content |= {"detail": error.message, "reason": error.reason, "status": status}
    else:
        content |= {"detail": "unexpected error", "reason": IsocenterError.reason}
    headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), *_headers_of(error)]
    return Problem(status, tuple(headers), json.dumps(content).encode())


def answer_of(error: IsocenterError) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body, as the web application takes them."""
    problem = problem_of(error)
    return problem.status, list(problem.headers), problem.body


def _headers_of(error: BaseException) -> list[tuple[str, str]]:
    if isinstance(error, TransientError):
        return [("Retry-After", str(max(1, ceil(error.retry_after_s or 1))))]
    if isinstance(error, errors.RangeNotSatisfiable):
        return [("Content-Range", f"bytes */{error.fields.get('size_bytes', '*')}")]
    if isinstance(error, errors.Unauthenticated):
        return [("WWW-Authenticate", 'Basic realm="isocenter", charset="UTF-8"')]
    return []

"""The one table from outcomes and errors to DIMSE status codes (PS3.7 Annex C, PS3.4 B.2.3)."""

from dataclasses import dataclass, replace
from enum import IntEnum

from isocenter.errors import (
    Denied,
    InvalidInstance,
    IsocenterError,
    LimitExceeded,
    TransientError,
    Unauthenticated,
)
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.sinks import SopMismatch

MAX_COMMENT_LENGTH = 64  # Error Comment is LO
_TAG_LENGTH = 8


class Status(IntEnum):
    """DIMSE status codes we answer with."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    INVALID_ARGUMENT_VALUE = 0x0115
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORIZED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    OUT_OF_RESOURCES = 0xA700
    UNABLE_TO_COUNT_MATCHES = 0xA701
    UNABLE_TO_PERFORM_SUBOPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    SUBOPERATIONS_WITH_FAILURES = 0xB000
    CANCELLED = 0xFE00
    PENDING = 0xFF00
    PENDING_KEYS_IGNORED = 0xFF01  # a key was not matched
    UNABLE_TO_PROCESS = 0xC001
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900  # so does an identifier (PS3.4 C.4.1.1.4)
    CANNOT_UNDERSTAND = 0xC000
    DATA_SET_TOO_LARGE = 0xC010  # of the "cannot understand" family: sending it again will not help


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response says beyond the names; the comment holds no value of the data set."""

    status: Status
    comment: str = ""
    offending_tags: tuple[int, ...] = ()
    in_quarantine: bool = False  # the bytes are kept all the same


SUCCESS = Answer(Status.SUCCESS)
_ERRORS: dict[type[IsocenterError], tuple[Status, str]] = {
    SopMismatch: (Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, ""),
    InvalidInstance: (Status.CANNOT_UNDERSTAND, ""),
    LimitExceeded: (Status.DATA_SET_TOO_LARGE, "the data set is beyond a limit"),
    Denied: (Status.NOT_AUTHORIZED, "this application entity may not send"),
    Unauthenticated: (Status.NOT_AUTHORIZED, "this application entity may not send"),
    TransientError: (Status.OUT_OF_RESOURCES, "cannot be stored now, send it again later"),
    IsocenterError: (Status.PROCESSING_FAILURE, "processing failure"),
}


def answer_to_outcome(outcome: Outcome) -> Answer:
    """Success for what is durable and will be found; quarantined things are never acknowledged as stored."""
    if outcome.status in ("stored", "duplicate"):
        return SUCCESS
    error = outcome.error or InvalidInstance("the data set is in quarantine")
    return replace(answer_to_error(error), in_quarantine=True)


def answer_to_error(error: Exception) -> Answer:
    """Find the nearest class in the table; what is not ours is a processing failure without details."""
    if not isinstance(error, IsocenterError):
        error = IsocenterError()
    for kind in type(error).__mro__:
        if kind in _ERRORS:
            status, comment = _ERRORS[kind]
            return Answer(status, comment_of(comment or error.message), _offending_tags(error))
    return Answer(Status.PROCESSING_FAILURE)


def comment_of(text: str) -> str:
    """A text as an Error Comment can say it: LO, printable ASCII."""
    printable = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
    return printable[:MAX_COMMENT_LENGTH].strip()


def _offending_tags(error: IsocenterError) -> tuple[int, ...]:
    tag = error.fields.get("tag")
    if not isinstance(tag, str) or len(tag) != _TAG_LENGTH:
        return ()
    try:
        return (int(tag, 16),)
    except ValueError:
        return ()

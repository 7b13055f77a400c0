"""The Identifier of a C-FIND, C-GET or C-MOVE (PS3.4 C.4): collected within a bound, read, and its level checked."""

from typing import Any

from isocenter.dicom import json_model
from isocenter.dimse.sop_classes import PATIENT_ROOT
from isocenter.dimse.user import Context
from isocenter.errors import (
    Corrupted,
    Denied,
    InvalidInstance,
    InvalidRequest,
    IsocenterError,
    LimitExceeded,
    TransientError,
)
from isocenter.ingest.statuses import Answer, Status, comment_of

LEVEL = "00080052"
MAX_IDENTIFIER_BYTES = 256 << 10
_STUDY_ROOT_LEVELS = ("STUDY", "SERIES", "IMAGE")
_PATIENT_ROOT_LEVELS = ("PATIENT", *_STUDY_ROOT_LEVELS)


class Identifier:
    """What comes with a question; after a failure the rest is drained."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._content = bytearray()
        self._error: IsocenterError | None = None

    def fail(self, error: IsocenterError) -> None:
        """Have `read` raise this, whatever comes."""
        self._error = self._error or error

    def write(self, data: memoryview) -> None:
        """Keep the next bytes."""
        if len(self._content) + len(data) > MAX_IDENTIFIER_BYTES:
            self.fail(LimitExceeded("the identifier is too large"))
        if self._error is None:
            self._content += data

    def clear(self) -> None:
        """Let go of it."""
        self._content.clear()

    def read(self) -> tuple[str, dict[str, Any]]:
        """Give the level and all of it as DICOM JSON; raises InvalidRequest, and what it was told to."""
        if self._error is not None:
            raise self._error
        document = read_document(self._content, self._context.transfer_syntax)
        return self._level(document), document

    def _level(self, document: dict[str, Any]) -> str:
        is_patient_root = self._context.abstract_syntax in PATIENT_ROOT
        levels = _PATIENT_ROOT_LEVELS if is_patient_root else _STUDY_ROOT_LEVELS
        level = texts(document, LEVEL)[:1]
        if not level or level[0] not in levels:
            raise InvalidRequest(f"Query/Retrieve Level is one of {', '.join(levels)}")
        return level[0]


def read_document(content: bytes | bytearray, transfer_syntax_uid: str) -> dict[str, Any]:
    """A data set of a message as DICOM JSON; raises InvalidRequest, LimitExceeded."""
    try:
        return json_model.to_json(
            [(0, bytes(content))],
            dataset_offset=0,
            transfer_syntax_uid=transfer_syntax_uid,
            bulk_data_uri=lambda offset, length: "",
        )
    except (Corrupted, InvalidInstance) as error:
        raise InvalidRequest("the data set cannot be read") from error


def texts(document: dict[str, Any], tag: str) -> tuple[str, ...]:
    """The values of a key as texts; none when it is empty or not there."""
    return tuple(str(value) for value in document.get(tag, {}).get("Value", []) if value)


def answer_to_question(error: IsocenterError) -> Answer:
    """The last answer of what failed (PS3.4 Tables C.4-1 to C.4-3); what is wrong with a key is in the comment."""
    if isinstance(error, InvalidRequest):
        return Answer(Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, comment_of(error.message))
    if isinstance(error, LimitExceeded | TransientError):
        return Answer(Status.OUT_OF_RESOURCES, comment_of(error.message))
    if isinstance(error, Denied):
        return Answer(Status.NOT_AUTHORIZED, comment_of(error.message))
    return Answer(Status.UNABLE_TO_PROCESS)

"""C-FIND as SCP (PS3.4 C.4.1): the Identifier goes to streaming as a question, answers come back as data sets."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import orjson

from isocenter.dicom import json_model
from isocenter.dicom.json_writing import write_dataset
from isocenter.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.commands import CommandSet, has_data_set
from isocenter.dimse.sop_classes import PATIENT_ROOT_FIND
from isocenter.dimse.user import Context, Operation, Response
from isocenter.errors import (
    Corrupted,
    Denied,
    InvalidInstance,
    InvalidRequest,
    IsocenterError,
    LimitExceeded,
    TransientError,
)
from isocenter.ingest.asking_streaming import Answers
from isocenter.ingest.responses import respond
from isocenter.ingest.statuses import Answer, Status, comment_of
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

MAX_IDENTIFIER_BYTES = 256 << 10
_LEVEL, _RETRIEVE_AE_TITLE = "00080052", "00080054"
_STUDY_ROOT = ("STUDY", "SERIES", "IMAGE")
_PATIENT_ROOT = ("PATIENT", *_STUDY_ROOT)

log = logger(__name__)


class Questions(Protocol):
    """Who answers."""

    def find(self, level: str, identifier: bytes) -> Iterator[Answers]:
        """See `asking_streaming.StreamingClient.find`."""
        ...


class FindScp:
    """Serves the C-FINDs of one association; `ae_title` is where what was found can be retrieved."""

    def __init__(self, questions: Questions, ae_title: str) -> None:
        self._questions = questions
        self._ae_title = ae_title

    def begin(self, context: Context, command: CommandSet, *, is_allowed: bool) -> Operation:
        """Collect the Identifier."""
        operation = _Find(self._questions, self._ae_title, context, command)
        if not is_allowed:
            operation.fail(Denied("this application entity may not ask"))
        elif not has_data_set(command):
            operation.fail(InvalidRequest("there is no identifier"))
        return operation


class _Find:
    def __init__(
        self, questions: Questions, ae_title: str, context: Context, command: CommandSet
    ) -> None:
        self._questions = questions
        self._ae_title = ae_title
        self._context = context
        self._command = command
        self._identifier = bytearray()
        self._error: IsocenterError | None = None
        self._is_cancelled = False

    def fail(self, error: IsocenterError) -> None:
        """Settle the answer before the Identifier is there."""
        self._error = error

    def write(self, data: memoryview) -> None:
        """Keep it, up to a bound."""
        if len(self._identifier) + len(data) > MAX_IDENTIFIER_BYTES:
            self._error = LimitExceeded("the identifier is too large")
        if self._error is None:
            self._identifier += data

    def complete(self) -> Iterable[Response]:
        """Ask, and give what matches; the last answer says how it ended."""
        status = Answer(Status.SUCCESS)
        try:
            if self._error is not None:
                raise self._error
            yield from self._matches()
            if self._is_cancelled:
                status = Answer(Status.CANCELLED)
        except Exception as error:
            status = _answer_to(error)
        METRICS.count("isocenter_finds_total", status=f"{status.status:04X}")
        yield respond(self._command, status)

    def cancel(self) -> None:
        """No more."""
        self._is_cancelled = True

    def discard(self) -> None:
        """Let go of the Identifier."""
        self._identifier.clear()

    def _matches(self) -> Iterator[Response]:
        identifier = self._read()
        level = self._level(identifier)
        explicit = self._context.transfer_syntax != IMPLICIT_VR_LITTLE_ENDIAN
        common = {
            _LEVEL: {"vr": "CS", "Value": [level]},
            _RETRIEVE_AE_TITLE: {"vr": "AE", "Value": [self._ae_title]},
        }
        answers = self._questions.find(level, orjson.dumps(identifier))
        for some in answers:
            status = Status.PENDING_KEYS_IGNORED if some.keys_ignored else Status.PENDING
            for document in some.documents:
                if self._is_cancelled:
                    answers.close()  # type: ignore[attr-defined]  # a generator
                    return
                content, _ = write_dataset({**orjson.loads(document), **common}, explicit=explicit)
                yield respond(self._command, Answer(status), content)

    def _read(self) -> dict[str, Any]:
        """The Identifier as DICOM JSON; raises InvalidRequest, LimitExceeded."""
        try:
            return json_model.to_json(
                [(0, bytes(self._identifier))],
                dataset_offset=0,
                transfer_syntax_uid=self._context.transfer_syntax,
                bulk_data_uri=lambda offset, length: "",
            )
        except (Corrupted, InvalidInstance) as error:
            raise InvalidRequest("the identifier cannot be read") from error

    def _level(self, identifier: dict[str, Any]) -> str:
        levels = (
            _PATIENT_ROOT if self._context.abstract_syntax == PATIENT_ROOT_FIND else _STUDY_ROOT
        )
        level = str((identifier.get(_LEVEL, {}).get("Value") or [""])[0])
        if level not in levels:
            message = f"Query/Retrieve Level is one of {', '.join(levels)}"
            raise InvalidRequest(message, tag=_LEVEL)
        return level


def _answer_to(error: Exception) -> Answer:
    """PS3.4 Table C.4-1; what is wrong with a key is said in the Error Comment."""
    if isinstance(error, InvalidRequest):
        return Answer(Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, comment_of(error.message))
    if isinstance(error, LimitExceeded | TransientError):
        return Answer(Status.OUT_OF_RESOURCES, comment_of(error.message))
    if isinstance(error, Denied):
        return Answer(Status.NOT_AUTHORIZED, comment_of(error.message))
    if not isinstance(error, IsocenterError):
        log.error("find_failed", exc_info=error)
    return Answer(Status.UNABLE_TO_PROCESS)

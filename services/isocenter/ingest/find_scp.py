"""C-FIND as SCP (PS3.4 C.4.1): the Identifier goes to streaming as a question, answers come back as data sets."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Protocol

import orjson

from isocenter.dicom.json_writing import write_dataset
from isocenter.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.commands import CommandSet, has_data_set
from isocenter.dimse.user import Context, Operation, Response
from isocenter.errors import Denied, InvalidRequest, IsocenterError
from isocenter.ingest.asking_streaming import Answers
from isocenter.ingest.identifier import LEVEL, Identifier, answer_to_question
from isocenter.ingest.responses import respond
from isocenter.ingest.statuses import SUCCESS, Answer, Status
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

TOGETHER = 50  # matches; a cancel is heard between two such
_RETRIEVE_AE_TITLE = "00080054"

log = logger(__name__)


class Questions(Protocol):
    """Who answers."""

    def find(self, level: str, identifier: bytes, *, is_fuzzy: bool = False) -> Iterator[Answers]:
        """See `asking_streaming.StreamingClient.find`."""
        ...


class FindScp:
    """Serves the C-FINDs of one association; `ae_title` is where what was found can be retrieved.

    `fuzzy` are the SOP classes for which fuzzy matching of names was negotiated.
    """

    def __init__(
        self, questions: Questions, ae_title: str, fuzzy: AbstractSet[str] = frozenset()
    ) -> None:
        self._questions = questions
        self._ae_title = ae_title
        self._fuzzy = fuzzy

    def begin(self, context: Context, command: CommandSet, *, is_allowed: bool) -> Operation:
        """Collect the Identifier."""
        identifier = Identifier(context)
        if not is_allowed:
            identifier.fail(Denied("this application entity may not ask"))
        elif not has_data_set(command):
            identifier.fail(InvalidRequest("there is no identifier"))
        ask = partial(self._questions.find, is_fuzzy=context.abstract_syntax in self._fuzzy)
        return _Find(ask, self._ae_title, context, command, identifier)


class _Find:
    def __init__(
        self,
        ask: Callable[[str, bytes], Iterator[Answers]],
        ae_title: str,
        context: Context,
        command: CommandSet,
        identifier: Identifier,
    ) -> None:
        self._ask = ask
        self._ae_title = ae_title
        self._is_explicit = context.transfer_syntax != IMPLICIT_VR_LITTLE_ENDIAN
        self._command = command
        self._identifier = identifier
        self._is_cancelled = False

    def write(self, data: memoryview) -> None:
        """Take the next piece of the Identifier."""
        self._identifier.write(data)

    def complete(self) -> Iterable[Response]:
        """Ask, and give what matches; the last answer says how it ended."""
        try:
            yield from self._matches()
            answer = Answer(Status.CANCELLED) if self._is_cancelled else SUCCESS
        except IsocenterError as error:
            answer = answer_to_question(error)
        except Exception as error:
            log.error("find_failed", exc_info=error)
            answer = Answer(Status.UNABLE_TO_PROCESS)
        METRICS.count("isocenter_finds_total", status=f"{answer.status:04X}")
        yield respond(self._command, answer)

    def cancel(self) -> None:
        """No more."""
        self._is_cancelled = True

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer."""

    def discard(self) -> None:
        """Let go of the Identifier."""
        self._identifier.clear()

    def _matches(self) -> Iterator[Response]:
        level, document = self._identifier.read()
        common = {
            LEVEL: {"vr": "CS", "Value": [level]},
            _RETRIEVE_AE_TITLE: {"vr": "AE", "Value": [self._ae_title]},
        }
        answers = self._ask(level, orjson.dumps(document))
        for some in answers:
            pending = Answer(Status.PENDING_KEYS_IGNORED if some.keys_ignored else Status.PENDING)
            command = respond(self._command, pending, b"").command
            for left, match in zip(range(len(some.documents))[::-1], some.documents, strict=True):
                if self._is_cancelled:
                    return  # closes the question with its generator
                found = {**orjson.loads(match), **common}
                content, _ = write_dataset(found, explicit=self._is_explicit)
                yield Response(command, content, is_followed=left % TOGETHER > 0)

"""Responses to C-STORE and C-ECHO (PS3.7 9.3.1.2, 9.3.5.2), and the operation that only answers."""

from collections.abc import Iterable

from isocenter.dicom.uids import MAX_UID_LENGTH
from isocenter.dimse.commands import (
    A_DATA_SET,
    NO_DATA_SET,
    RESPONSE_BIT,
    CommandSet,
    Element,
    number_in,
    text_in,
)
from isocenter.dimse.user import Response
from isocenter.ingest.statuses import Answer

_ECHOED = {  # as it is called in the response, by what it is called in the request (PS3.7 9.3, 10.3)
    Element.AFFECTED_SOP_CLASS_UID: Element.AFFECTED_SOP_CLASS_UID,
    Element.AFFECTED_SOP_INSTANCE_UID: Element.AFFECTED_SOP_INSTANCE_UID,
    Element.REQUESTED_SOP_CLASS_UID: Element.AFFECTED_SOP_CLASS_UID,
    Element.REQUESTED_SOP_INSTANCE_UID: Element.AFFECTED_SOP_INSTANCE_UID,
}


def respond(request: CommandSet, answer: Answer, data_set: bytes | None = None) -> Response:
    """Make the response message, `data_set` behind it where there is one.

    Names are repeated as the request gave them, unless they are too long to be names.

    Raises:
        ProtocolViolation: the request has no Message ID, so it cannot be answered.
    """
    command: CommandSet = {
        Element.COMMAND_FIELD: number_in(request, Element.COMMAND_FIELD) | RESPONSE_BIT,
        Element.MESSAGE_ID_BEING_RESPONDED_TO: number_in(request, Element.MESSAGE_ID),
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET if data_set is None else A_DATA_SET,
        Element.STATUS: answer.status,
    }
    for element, echoed in _ECHOED.items():
        name = text_in(request, element)
        if 0 < len(name) <= MAX_UID_LENGTH:
            command[echoed] = name
    if Element.ACTION_TYPE_ID in request:
        command[Element.ACTION_TYPE_ID] = request[Element.ACTION_TYPE_ID]
    if answer.offending_tags:
        command[Element.OFFENDING_ELEMENT] = answer.offending_tags
    if answer.comment:
        command[Element.ERROR_COMMENT] = answer.comment
    return Response(command, data_set)


class AnswerOnly:
    """Serves a request by its answer alone; a data set that comes with it is drained."""

    __slots__ = ("_answer", "_request")

    def __init__(self, request: CommandSet, answer: Answer) -> None:
        self._request = request
        self._answer = answer

    def write(self, data: memoryview) -> None:
        """Let it go."""

    def complete(self) -> Iterable[Response]:
        """Answer."""
        return (respond(self._request, self._answer),)

    def cancel(self) -> None:
        """There is one answer."""

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer."""

    def discard(self) -> None:
        """Nothing was kept."""


class Unanswered:
    """C-CANCEL of something that is over already: there is no answer to it (PS3.7 9.3.2.3)."""

    __slots__ = ()

    def write(self, data: memoryview) -> None:
        """Let it go."""

    def complete(self) -> Iterable[Response]:
        """Say nothing."""
        return ()

    def cancel(self) -> None:
        """There is one answer."""

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer."""

    def discard(self) -> None:
        """Nothing was kept."""

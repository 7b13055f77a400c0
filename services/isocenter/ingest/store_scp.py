"""C-STORE as SCP (PS3.4 B, PS3.7 9.1.1): data sets go straight to the receive core, whose outcome is the answer."""

from collections.abc import Iterable

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.uids import MAX_UID_LENGTH
from isocenter.dimse.commands import CommandSet, Element, has_data_set, text_in
from isocenter.dimse.sop_classes import is_storage_sop_class
from isocenter.dimse.user import Context, Operation, Response
from isocenter.errors import Denied, InvalidInstance, IsocenterError
from isocenter.ingest.responses import respond
from isocenter.ingest.sinks import Incoming, Receiver
from isocenter.ingest.statuses import Answer, Status, answer_to_error, answer_to_outcome
from isocenter.ingest.tally import Tally
from isocenter.runtime.log import logger

log = logger(__name__)


class StoreScp:
    """Serves the C-STOREs of one association; `sender` says where all of them come from."""

    __slots__ = ("_receiver", "_sender", "_tally")

    def __init__(self, receiver: Receiver, sender: pb.Sender, tally: Tally) -> None:
        self._receiver = receiver
        self._sender = sender
        self._tally = tally

    def begin(self, context: Context, command: CommandSet, *, is_allowed: bool) -> Operation:
        """Open a place for the data set, or decide already here how it will be refused when it has come.

        The SOP class may differ from the context's abstract syntax: some senders do that, and only the transfer
        syntax says how to read the data set. It has to agree with the data set all the same.
        """
        operation = _Store(command, self._tally)
        if not is_allowed:
            operation.fail(answer_to_error(Denied()))
        elif not is_storage_sop_class(context.abstract_syntax):
            operation.fail(Answer(Status.SOP_CLASS_NOT_SUPPORTED))
        elif not has_data_set(command):
            operation.fail(answer_to_error(InvalidInstance("the command announces no data set")))
        else:
            operation.open(self._receiver, self._sender, context.transfer_syntax)
        return operation


class _Store:
    """One C-STORE. After a failure the rest of the data set is drained, since the peer sends it anyway."""

    __slots__ = ("_answer", "_command", "_incoming", "_tally")

    def __init__(self, command: CommandSet, tally: Tally) -> None:
        self._command = command
        self._tally = tally
        self._incoming: Incoming | None = None
        self._answer: Answer | None = None

    def open(self, receiver: Receiver, sender: pb.Sender, transfer_syntax_uid: str) -> None:
        """Ask the receive core for a place."""
        try:
            self._incoming = receiver.begin(
                sender,
                transfer_syntax_uid,
                _bounded(text_in(self._command, Element.AFFECTED_SOP_CLASS_UID)),
                _bounded(text_in(self._command, Element.AFFECTED_SOP_INSTANCE_UID)),
            )
        except Exception as error:  # whatever it is, it is answered
            self.fail(_answer_and_log(error))

    def fail(self, answer: Answer) -> None:
        """Settle the answer before the data set is there."""
        self._answer = answer

    def write(self, data: memoryview) -> None:
        """Hand the bytes on."""
        if self._incoming is None:
            return
        try:
            self._incoming.write(data)
        except Exception as error:
            self.fail(_answer_and_log(error))
            self._let_go()

    def complete(self) -> Iterable[Response]:
        """Make it durable and answer."""
        answer = self._answer or self._finish()
        self._tally.count(answer)
        return (respond(self._command, answer),)

    def cancel(self) -> None:
        """There is one answer."""

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer."""

    def discard(self) -> None:
        """Leave nothing of an unfinished transfer."""
        self._tally.unfinished += 1
        self._let_go()

    def _finish(self) -> Answer:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return Answer(Status.PROCESSING_FAILURE)
        try:
            return answer_to_outcome(incoming.finish())
        except Exception as error:
            return _answer_and_log(error)

    def _let_go(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        try:
            incoming.discard()
        except Exception as error:
            _answer_and_log(error)


def _answer_and_log(error: Exception) -> Answer:
    if not isinstance(error, IsocenterError):
        log.error("store_failed", exc_info=error)
    return answer_to_error(error)


def _bounded(name: str) -> str:
    """Long enough to stay invalid, short enough for anything."""
    return name[: MAX_UID_LENGTH + 1]

"""Messages out of fragments (PS3.7 6.3, PS3.8 Annex E): command sets are collected, data sets go straight on."""

from collections.abc import Callable, Mapping

from isocenter.dimse.commands import (
    CommandField,
    CommandSet,
    Element,
    decode_command_set,
    encode_command_set,
    has_data_set,
    is_pending,
    number_in,
)
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.limits import MAX_COMMAND_SET_BYTES
from isocenter.dimse.pdu import COMMAND, LAST
from isocenter.dimse.user import Context, Operation, Response

Begin = Callable[[Context, CommandSet], Operation]
Send = Callable[
    [int, bytes, bool], None
]  # context identifier, content, whether it is a command set


class Messages:
    """The messages of one association, one after the other: asynchronous operations are not negotiated.

    `listen` is called between two pending responses, to feed in what the peer has said meanwhile: it may cancel.
    """

    __slots__ = (
        "_begin",
        "_command",
        "_context",
        "_contexts",
        "_listen",
        "_operation",
        "_running",
        "_running_id",
        "_send",
    )

    def __init__(
        self,
        contexts: Mapping[int, Context],
        begin: Begin,
        send: Send,
        listen: Callable[[], None] = lambda: None,
    ) -> None:
        self._contexts = contexts
        self._begin = begin
        self._send = send
        self._listen = listen
        self._running: Operation | None = None
        self._running_id = 0  # its Message ID
        self._context: Context | None = None
        self._command = bytearray()
        self._operation: Operation | None = None

    @property
    def between(self) -> bool:
        """No message has begun."""
        return self._context is None

    def feed(self, context_id: int, control: int, data: memoryview, *, fragment_ends: bool) -> None:
        """Take a piece of a fragment; at the end of a message, serve and answer it.

        Raises:
            ProtocolViolation: fragments out of order, on a context that was not accepted, or too much of a command.
        """
        ends = fragment_ends and bool(control & LAST)
        if not data and not ends:
            raise ProtocolViolation("an empty fragment")
        if control & COMMAND:
            self._feed_command(context_id, data, ends)
        else:
            self._feed_data(context_id, data, ends)

    def discard(self) -> None:
        """Let go of an unfinished message."""
        operation, self._operation = self._operation, None
        self._context = None
        self._command.clear()
        if operation is not None:
            operation.discard()

    def _feed_command(self, context_id: int, data: memoryview, ends: bool) -> None:
        if self._operation is not None:
            raise ProtocolViolation("a command set inside a data set")
        if self._context is None:
            self._context = self._contexts.get(context_id)
        if self._context is None or self._context.context_id != context_id:
            raise ProtocolViolation("a fragment on another context")
        if len(self._command) + len(data) > MAX_COMMAND_SET_BYTES:
            raise ProtocolViolation("the command set is too long")
        self._command += data
        if ends:
            self._command_complete(self._context)

    def _command_complete(self, context: Context) -> None:
        command = decode_command_set(bytes(self._command))
        self._command.clear()
        expects_data_set = has_data_set(command)
        if self._running is not None:
            self._cancel(self._running, command)
            return
        self._operation = self._begin(context, command)
        self._running_id = _message_id(command)
        if not expects_data_set:
            self._complete(context, self._operation)

    def _cancel(self, running: Operation, command: CommandSet) -> None:
        """Nothing else may be said while a request is served (PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3)."""
        if command.get(Element.COMMAND_FIELD) != CommandField.C_CANCEL_RQ or has_data_set(command):
            raise ProtocolViolation("a request while another is served")
        if number_in(command, Element.MESSAGE_ID_BEING_RESPONDED_TO) == self._running_id:
            running.cancel()

    def _feed_data(self, context_id: int, data: memoryview, ends: bool) -> None:
        operation, context = self._operation, self._context
        if operation is None or context is None:
            raise ProtocolViolation("a data set without a command set")
        if context.context_id != context_id:
            raise ProtocolViolation("a fragment on another context")
        operation.write(data)
        if ends:
            self._complete(context, operation)

    def _complete(self, context: Context, operation: Operation) -> None:
        self._operation = None
        self._running = operation
        responses = operation.complete()
        try:
            for response in responses:
                self._respond(context.context_id, response)
                if is_pending(response.command):
                    self._listen()
        finally:
            self._running = None
            close = getattr(responses, "close", None)
            if close is not None:
                close()
        self._context = None

    def _respond(self, context_id: int, response: Response) -> None:
        self._send(context_id, encode_command_set(response.command), True)
        if response.data_set is not None:
            self._send(context_id, response.data_set, False)


def _message_id(command: CommandSet) -> int:
    found = command.get(Element.MESSAGE_ID)
    return found if isinstance(found, int) else 0

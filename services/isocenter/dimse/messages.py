"""Messages out of fragments (PS3.7 6.3, PS3.8 Annex E): command sets are collected, data sets go straight on."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from isocenter.dimse.commands import (
    RESPONSE_BIT,
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
from isocenter.dimse.user import Context, Operation, Response, Suboperation

Begin = Callable[[Context, CommandSet], Operation]
Part = tuple[bytes, bool]
"""Content, and whether it is a command set."""
Send = Callable[[int, list[Part], bool], None]
"""Context identifier, the parts of a message, and whether it has to leave now."""


SendStream = Callable[[int, Iterable[bytes | memoryview]], None]


class Listen(Protocol):
    """See `Messages`."""

    def __call__(self, *, wait: bool) -> None:
        """Feed in one PDU when `wait`, else what is there."""
        ...


class Messages:
    """The messages of one association, one after the other: asynchronous operations are not negotiated.

    While a request is served, `listen(wait=False)` is called between two pending responses, to feed in what the peer
    has said meanwhile: it may cancel; and `listen(wait=True)` until a suboperation has its response.
    """

    __slots__ = (
        "_begin",
        "_command",
        "_context",
        "_contexts",
        "_is_awaited",
        "_listen",
        "_operation",
        "_running",
        "_running_id",
        "_send",
        "_send_stream",
        "_serving",
    )

    def __init__(
        self,
        contexts: Mapping[int, Context],
        begin: Begin,
        send: Send,
        send_stream: SendStream,
        listen: Listen,
    ) -> None:
        self._contexts = contexts
        self._begin = begin
        self._send = send
        self._listen = listen
        self._send_stream = send_stream
        self._is_awaited = False  # the response to a suboperation
        self._running: Operation | None = None
        self._running_id = 0  # its Message ID
        self._serving: Context | None = None  # the context of what may be said now; None: any
        self._context: Context | None = None
        self._command = bytearray()
        self._operation: Operation | None = None

    @property
    def between(self) -> bool:
        """No message has begun, and none is served."""
        return self._context is None and self._running is None

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
            self._hear(self._running, command)
            self._context = self._serving
            return
        self._operation = self._begin(context, command)
        self._running_id = _message_id(command)
        if not expects_data_set:
            self._complete(context, self._operation)

    def _hear(self, running: Operation, command: CommandSet) -> None:
        """Nothing but these may be said while a request is served (PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3)."""
        field = number_in(command, Element.COMMAND_FIELD)
        responding = command.get(Element.MESSAGE_ID_BEING_RESPONDED_TO)
        if has_data_set(command):
            raise ProtocolViolation("a data set while a request is served")
        if field == CommandField.C_CANCEL_RQ:
            if responding == self._running_id:
                running.cancel()
        elif self._is_awaited and field & RESPONSE_BIT:
            self._is_awaited = False
            running.answered(command)
        else:
            raise ProtocolViolation("a request while another is served")

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
        self._serving = context
        responses = operation.complete()
        try:
            for message in responses:
                if isinstance(message, Suboperation):
                    self._ask(message)
                    continue
                self._respond(context.context_id, message)
                if is_pending(message.command) and not message.is_followed:
                    self._listen(wait=False)
        finally:
            self._running = None
            close = getattr(responses, "close", None)
            if close is not None:
                close()
        self._context = None

    def _ask(self, suboperation: Suboperation) -> None:
        """Send a request of ours and wait for its response; it may come on another context than the running one."""
        command = encode_command_set(suboperation.command)
        self._send(suboperation.context_id, [(command, True)], True)
        self._send_stream(suboperation.context_id, suboperation.data_set)
        serving, self._context, self._serving = self._context, None, None
        self._is_awaited = True
        while self._is_awaited:
            self._listen(wait=True)
        self._context = self._serving = serving

    def _respond(self, context_id: int, response: Response) -> None:
        parts = [(encode_command_set(response.command), True)]
        if response.data_set is not None:
            parts.append((response.data_set, False))
        self._send(context_id, parts, not response.is_followed)


def _message_id(command: CommandSet) -> int:
    found = command.get(Element.MESSAGE_ID)
    return found if isinstance(found, int) else 0

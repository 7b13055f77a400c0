"""The requestor's side of one association (PS3.8 9.2), in its caller's thread: to send instances, or to ask."""

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from isocenter.dimse.associate import (
    AssociateRequest,
    ContextResult,
    decode_associate_accept,
    encode_associate_request,
)
from isocenter.dimse.commands import (
    NO_DATA_SET,
    PENDING,
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Element,
    decode_command_set,
    encode_command_set,
    number_in,
)
from isocenter.dimse.faults import PeerClosed, PeerIdle, ProtocolViolation
from isocenter.dimse.limits import DEFAULT_P_DATA_BYTES, MAX_COMMAND_SET_BYTES, Patience
from isocenter.dimse.pdu import (
    COMMAND,
    HEADER,
    LAST,
    PDV_HEADER,
    PDV_LENGTH_BYTES,
    RELEASE_RP,
    RELEASE_RQ,
    AbortSource,
    PduType,
    decode_header,
    encode_abort,
    encode_p_data,
    encode_p_data_stream,
    encode_pdu,
)
from isocenter.dimse.tls import Secured
from isocenter.dimse.user import Context
from isocenter.dimse.wire import Wire
from isocenter.errors import TransientError

CONNECT_S = 10.0
MAX_ANSWER_BYTES = 1 << 20  # an Identifier

Take = Callable[[Context, CommandSet, Iterator[bytes]], int]
"""Reads a data set to its end and gives the status to answer with."""


class AssociationRejected(TransientError):
    """The other side does not want this association (PS3.8 9.3.4); the message says what it answered."""


class Requestor:
    """An association that is established when this returns.

    Raises OSError when nobody listens there or TLS finds somebody else, AssociationRejected, PeerClosed, PeerIdle,
    ProtocolViolation; any of the last three from any method means that the association is over.
    """

    def __init__(
        self,
        address: tuple[str, int],
        request: AssociateRequest,
        patience: Patience,
        secured: Secured | None = None,
    ) -> None:
        self._wire = Wire(_connected(address, secured), patience)
        self._max_p_data_bytes = 0
        self._is_over = False
        self._left: deque[tuple[int, int, bytes]] = deque()  # fragments that were read with others
        self._context_id = 0  # of the last fragment
        try:
            self.contexts = self._establish(request)
        except BaseException:
            self.abort()
            raise

    def send(
        self,
        context_id: int,
        command: CommandSet,
        data_set: Iterable[bytes | memoryview] | None = None,
    ) -> CommandSet:
        """Send a request, with its data set where it has one; give the response.

        What `data_set` raises leaves half a message behind: abort then.
        """
        self._request(context_id, command, data_set)
        response, content = self._message()
        if content:
            raise ProtocolViolation("a data set that nobody asked for")
        return response

    def ask(
        self, context_id: int, command: CommandSet, identifier: bytes
    ) -> Iterator[tuple[CommandSet, bytes]]:
        """Send a question; give each response with its Identifier, the last one too. To be read to its end."""
        self._request(context_id, command, (identifier,))
        while True:
            response, content = self._message()
            yield response, content
            if number_in(response, Element.STATUS) not in PENDING:
                return

    def get(
        self, context_id: int, command: CommandSet, identifier: bytes, take: Take
    ) -> CommandSet:
        """Send a C-GET; have each data set that comes taken, and give the last response (PS3.4 C.4.3).

        What `take` raises leaves the association in the middle of it: abort then.
        """
        self._request(context_id, command, (identifier,))
        while True:
            on, content = self._collected(COMMAND, MAX_COMMAND_SET_BYTES)
            found = decode_command_set(content)
            if number_in(found, Element.COMMAND_FIELD) == CommandField.C_STORE_RQ:
                status = take(self.contexts[on], found, self._pieces(0))
                self._request(on, _store_response(found, status), None)
                continue
            if found.get(Element.COMMAND_DATA_SET_TYPE, NO_DATA_SET) != NO_DATA_SET:
                self._collected(0, MAX_ANSWER_BYTES)
            if number_in(found, Element.STATUS) not in PENDING:
                return found

    def release(self) -> None:
        """End in order; whatever the other side makes of it, the association is over."""
        if self._is_over:
            return
        try:
            self._wire.send(RELEASE_RQ)
            self._next(PduType.RELEASE_RP)
        except (PeerClosed, PeerIdle, ProtocolViolation):
            pass
        finally:
            self._close()

    def abort(self) -> None:
        """End at once; harmless when it is over."""
        if self._is_over:
            return
        try:
            self._wire.send(encode_abort(AbortSource.SERVICE_USER, 0))
        except (PeerClosed, PeerIdle):
            pass
        finally:
            self._close()

    def _close(self) -> None:
        self._is_over = True
        self._wire.close()

    def _establish(self, request: AssociateRequest) -> Mapping[int, Context]:
        self._wire.send(encode_pdu(PduType.ASSOCIATE_RQ, encode_associate_request(request)))
        accept = decode_associate_accept(self._next(PduType.ASSOCIATE_AC))
        self._max_p_data_bytes = accept.user.max_p_data_bytes
        self._wire.enlarge()
        proposed = {context.context_id: context for context in request.contexts}
        return {
            answer.context_id: Context(
                answer.context_id,
                proposed[answer.context_id].abstract_syntax,
                answer.transfer_syntax,
            )
            for answer in accept.contexts
            if answer.result is ContextResult.ACCEPTANCE
            and answer.context_id in proposed
            and answer.transfer_syntax in proposed[answer.context_id].transfer_syntaxes
        }

    def _next(self, wanted: PduType) -> memoryview:
        """The content of the next PDU, which has to be of that kind."""
        kind, length = decode_header(self._wire.take(HEADER.size), DEFAULT_P_DATA_BYTES)
        content = self._wire.collect(length)
        if kind is wanted:
            return content
        if kind is PduType.ASSOCIATE_RJ:
            result, source, reason = content[1], content[2], content[3]
            raise AssociationRejected(f"rejected: result {result}, source {source}, {reason}")
        if kind is PduType.RELEASE_RQ:
            self._wire.send(RELEASE_RP)
        if kind in (PduType.ABORT, PduType.RELEASE_RQ):
            raise PeerClosed
        raise ProtocolViolation("a PDU that has no place here")

    def _request(
        self,
        context_id: int,
        command: CommandSet,
        data_set: Iterable[bytes | memoryview] | None,
    ) -> None:
        content = encode_command_set(command)
        most = self._max_p_data_bytes
        for pdu in encode_p_data(context_id, content, is_command=True, max_p_data_bytes=most):
            self._wire.send(pdu)
        if data_set is not None:
            for pdu in encode_p_data_stream(context_id, data_set, most):
                self._wire.send(pdu)

    def _message(self) -> tuple[CommandSet, bytes]:
        """One command set, and the data set that follows it; empty without one."""
        _, content = self._collected(COMMAND, MAX_COMMAND_SET_BYTES)
        response = decode_command_set(content)
        if response.get(Element.COMMAND_DATA_SET_TYPE, NO_DATA_SET) == NO_DATA_SET:
            return response, b""
        return response, self._collected(0, MAX_ANSWER_BYTES)[1]

    def _collected(self, kind: int, max_bytes: int) -> tuple[int, bytes]:
        """The context and the fragments of a command (COMMAND) or of a data set (0), to the last one."""
        collected = bytearray()
        for piece in self._pieces(kind):
            collected += piece
            if len(collected) > max_bytes:
                raise ProtocolViolation("a message is too long")
        return self._context_id, bytes(collected)

    def _pieces(self, kind: int) -> Iterator[bytes]:
        while True:
            self._context_id, control, fragment = self._fragment()
            if control & COMMAND != kind:
                raise ProtocolViolation("a PDV that has no place here")
            yield fragment
            if control & LAST:
                return

    def _fragment(self) -> tuple[int, int, bytes]:
        while not self._left:
            content = self._next(PduType.P_DATA_TF)
            while content:
                if len(content) < PDV_HEADER.size:
                    raise ProtocolViolation("a PDV header is cut off")
                length, context_id, control = PDV_HEADER.unpack_from(content)
                end = PDV_LENGTH_BYTES + length
                if length < 2 or end > len(content) or context_id not in self.contexts:
                    raise ProtocolViolation("a PDV that has no place here")
                self._left.append((context_id, control, bytes(content[PDV_HEADER.size : end])))
                content = content[end:]
        return self._left.popleft()


def _store_response(request: CommandSet, status: int) -> CommandSet:
    """C-STORE-RSP (PS3.7 9.3.1.2)."""
    return {
        Element.AFFECTED_SOP_CLASS_UID: request.get(Element.AFFECTED_SOP_CLASS_UID, ""),
        Element.COMMAND_FIELD: CommandField.C_STORE_RQ | RESPONSE_BIT,
        Element.MESSAGE_ID_BEING_RESPONDED_TO: number_in(request, Element.MESSAGE_ID),
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
        Element.STATUS: status,
        Element.AFFECTED_SOP_INSTANCE_UID: request.get(Element.AFFECTED_SOP_INSTANCE_UID, ""),
    }


def _connected(address: tuple[str, int], secured: Secured | None) -> socket.socket:
    connection = socket.create_connection(address, CONNECT_S)
    if secured is None:
        return connection
    try:
        return secured.wrap(connection)
    except BaseException:
        connection.close()
        raise

"""The requestor's side of one association (PS3.8 9.2), in its caller's thread: to send instances to another system."""

import socket
from collections.abc import Iterable, Mapping

from isocenter.dimse.associate import (
    AssociateRequest,
    ContextResult,
    decode_associate_accept,
    encode_associate_request,
)
from isocenter.dimse.commands import CommandSet, decode_command_set, encode_command_set
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
        content = encode_command_set(command)
        most = self._max_p_data_bytes
        for pdu in encode_p_data(context_id, content, is_command=True, max_p_data_bytes=most):
            self._wire.send(pdu)
        if data_set is not None:
            for pdu in encode_p_data_stream(context_id, data_set, most):
                self._wire.send(pdu)
        return self._response()

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

    def _response(self) -> CommandSet:
        """One command set; a response to a request of ours has no data set."""
        command = bytearray()
        while True:
            content = self._next(PduType.P_DATA_TF)
            while content:
                if len(content) < PDV_HEADER.size:
                    raise ProtocolViolation("a PDV header is cut off")
                length, _, control = PDV_HEADER.unpack_from(content)
                end = PDV_LENGTH_BYTES + length
                if length < 2 or end > len(content) or not control & COMMAND:
                    raise ProtocolViolation("a PDV that has no place here")
                command += content[PDV_HEADER.size : end]
                if len(command) > MAX_COMMAND_SET_BYTES:
                    raise ProtocolViolation("the command set is too long")
                if control & LAST:
                    return decode_command_set(bytes(command))
                content = content[end:]


def _connected(address: tuple[str, int], secured: Secured | None) -> socket.socket:
    connection = socket.create_connection(address, CONNECT_S)
    if secured is None:
        return connection
    try:
        return secured.wrap(connection)
    except BaseException:
        connection.close()
        raise

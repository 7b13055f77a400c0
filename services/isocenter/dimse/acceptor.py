"""The acceptor's side of one association, from the connection to its end, in one thread (PS3.8 9.2)."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from isocenter.dimse.associate import (
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    Rejection,
    decode_associate_request,
    encode_associate_accept,
    encode_associate_reject,
)
from isocenter.dimse.faults import (
    ArtimExpired,
    Draining,
    PeerClosed,
    PeerIdle,
    PeerTooSlow,
    ProtocolViolation,
)
from isocenter.dimse.limits import DEFAULT_P_DATA_BYTES, MIN_PEER_P_DATA_BYTES
from isocenter.dimse.messages import Messages, Part
from isocenter.dimse.pdu import (
    HEADER,
    PDV_HEADER,
    PDV_LENGTH_BYTES,
    RELEASE_RP,
    AbortSource,
    PduType,
    decode_header,
    encode_abort,
    encode_p_data,
    encode_p_data_stream,
    encode_pdu,
)
from isocenter.dimse.state import Action, Event, Machine, State
from isocenter.dimse.user import AssociationUser, Context
from isocenter.dimse.wire import Wire


class Ending(StrEnum):
    """How an association ended."""

    RELEASED = "released"
    REJECTED = "rejected"
    ABORTED = "aborted"  # by the peer
    CLOSED = "closed"  # the connection went away
    NO_REQUEST = "no_request"  # ARTIM ran out before the association request
    VIOLATION = "violation"
    IDLE = "idle"
    TOO_SLOW = "too_slow"
    DRAINING = "draining"
    FAILED = "failed"  # ours


_Fault = ProtocolViolation | PeerClosed | ArtimExpired | PeerIdle | PeerTooSlow | Draining
_ENDINGS: dict[type[_Fault], Ending] = {
    PeerClosed: Ending.CLOSED,
    ArtimExpired: Ending.NO_REQUEST,
    PeerIdle: Ending.IDLE,
    PeerTooSlow: Ending.TOO_SLOW,
    Draining: Ending.DRAINING,
}
_PDU_EVENTS: dict[PduType, Event] = {
    PduType.ASSOCIATE_RQ: Event.ASSOCIATE_RQ_PDU,
    PduType.ASSOCIATE_AC: Event.ASSOCIATE_AC_PDU,
    PduType.ASSOCIATE_RJ: Event.ASSOCIATE_RJ_PDU,
    PduType.P_DATA_TF: Event.P_DATA_PDU,
    PduType.RELEASE_RQ: Event.RELEASE_RQ_PDU,
    PduType.RELEASE_RP: Event.RELEASE_RP_PDU,
    PduType.ABORT: Event.ABORT_PDU,
}
TOGETHER_BYTES = 32 << 10
_UNEXPECTED_PDU = 2  # A-ABORT reason (PS3.8 9.3.8)


class Acceptor:
    """Runs one association over a wire for a service-user; `run` is called once."""

    def __init__(
        self, wire: Wire, user: AssociationUser, max_p_data_bytes: int = DEFAULT_P_DATA_BYTES
    ) -> None:
        self._wire = wire
        self._user = user
        self._max_p_data_bytes = max_p_data_bytes
        self._peer_max_p_data_bytes = 0
        self._machine = Machine()
        self._messages = self._messages_on({})
        self._length = 0  # of the PDU whose header was read last
        self._unread = 0  # of that PDU
        self._waiting = bytearray()  # to be sent with what follows
        self._request: AssociateRequest | None = None
        self._abort_reason = _UNEXPECTED_PDU
        self._ending: Ending | None = None
        self._actions: dict[Action, Callable[[], None]] = {
            Action.AE_5: wire.start_artim,
            Action.AE_6: self._associate,
            Action.DT_2: self._receive_p_data,
            Action.AR_2: self._release,
            Action.AR_5: self._end,
            Action.AA_1: self._abort_as_user,
            Action.AA_2: self._end,
            Action.AA_3: self._end_aborted,
            Action.AA_4: self._end,
            Action.AA_5: self._end,
            Action.AA_8: self._abort_as_provider,
        }

    def run(self) -> Ending:
        """Serve until the connection is closed. What is unfinished then is discarded.

        An exception that is no fault of the peer aborts the association and is raised.
        """
        try:
            self._step(Event.TRANSPORT_INDICATION)
            while self._machine.state is not State.IDLE:
                self._turn()
        except Exception:
            self._abort_blindly()
            raise
        finally:
            self._messages.discard()
            self._wire.close()
        return self._ending or Ending.CLOSED

    def _turn(self) -> None:
        try:
            self._step(self._next_event())
        except PeerClosed as fault:
            self._note(fault)
            self._step(Event.TRANSPORT_CLOSED)
        except (ProtocolViolation, ArtimExpired, PeerIdle, PeerTooSlow, Draining) as fault:
            self._give_up(fault)

    def _give_up(self, fault: _Fault) -> None:
        self._note(fault)
        try:
            self._step(self._event_of(fault))
        except (
            PeerClosed,
            PeerIdle,
        ):  # the abort could not be sent: `_step` went on to state 13 before it tried
            self._step(Event.TRANSPORT_CLOSED)

    def _event_of(self, fault: _Fault) -> Event:
        if isinstance(fault, ProtocolViolation):
            self._abort_reason = fault.abort_reason
            return Event.INVALID_PDU
        waits = (State.AWAIT_ASSOCIATE_RQ, State.AWAIT_TRANSPORT_CLOSE)
        return Event.ARTIM_EXPIRED if self._machine.state in waits else Event.ABORT_REQUEST

    def _note(self, fault: _Fault) -> None:
        """The first thing that went wrong is how it ended."""
        if self._ending is None:
            self._ending = _ENDINGS.get(type(fault), Ending.VIOLATION)

    def _step(self, event: Event) -> None:
        self._actions[self._machine.step(event)]()

    def _next_event(self) -> Event:
        if self._machine.state is State.AWAIT_TRANSPORT_CLOSE:
            # Nothing the peer sends now can matter, and after an invalid PDU its framing is lost: AA-6 for all of it.
            self._wire.discard_until_closed()
        self._wire.between_messages = self._messages.between
        kind, self._length = decode_header(self._wire.take(HEADER.size), self._max_p_data_bytes)
        if kind is PduType.ASSOCIATE_RQ and self._machine.state is State.AWAIT_ASSOCIATE_RQ:
            self._request = decode_associate_request(self._wire.collect(self._length))
        elif kind not in (PduType.P_DATA_TF, PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC):
            self._wire.take(self._length)
        if kind is not PduType.P_DATA_TF and self._machine.state is State.ESTABLISHED:
            self._messages.discard()
        return _PDU_EVENTS[kind]

    def _associate(self) -> None:
        """AE-6, then AE-7 or AE-8."""
        self._wire.stop_artim()
        if self._request is None:
            raise ProtocolViolation("no association request")
        answer = self._user.decide(self._request)
        if isinstance(answer, AssociateAccept):
            self._machine.step(Event.ASSOCIATE_ACCEPT)
            self._accept(self._request, answer)
        else:
            self._machine.step(Event.ASSOCIATE_REJECT)
            self._reject(answer)

    def _accept(self, request: AssociateRequest, answer: AssociateAccept) -> None:
        self._peer_max_p_data_bytes = request.user.max_p_data_bytes
        if 0 < self._peer_max_p_data_bytes < MIN_PEER_P_DATA_BYTES:
            raise ProtocolViolation("the peer's maximum length is too small")
        abstract_syntaxes = {c.context_id: c.abstract_syntax for c in request.contexts}
        contexts = {
            c.context_id: Context(c.context_id, abstract_syntaxes[c.context_id], c.transfer_syntax)
            for c in answer.contexts
            if c.result is ContextResult.ACCEPTANCE
        }
        self._messages = self._messages_on(contexts)
        self._wire.enlarge()
        self._wire.send(encode_pdu(PduType.ASSOCIATE_AC, encode_associate_accept(answer)))

    def _messages_on(self, contexts: Mapping[int, Context]) -> Messages:
        begin = self._user.begin
        return Messages(contexts, begin, self._send_parts, self._send_stream, self._listen)

    def _reject(self, rejection: Rejection) -> None:
        self._ending = Ending.REJECTED
        self._wire.send(encode_pdu(PduType.ASSOCIATE_RJ, encode_associate_reject(rejection)))
        self._wire.start_artim()

    def _receive_p_data(self) -> None:
        """DT-2: walk the PDVs of one P-DATA-TF (PS3.8 9.3.5) and hand their content on as it comes."""
        wire, feed = self._wire, self._messages.feed
        wire.between_messages = False
        remaining = self._length
        if remaining == 0:
            raise ProtocolViolation("a P-DATA-TF without a PDV")
        while remaining:
            if remaining < PDV_HEADER.size:
                raise ProtocolViolation("a PDV header is cut off")
            length, context_id, control = PDV_HEADER.unpack(wire.take(PDV_HEADER.size))
            remaining -= PDV_LENGTH_BYTES + length
            if length < 2 or remaining < 0:
                raise ProtocolViolation("a PDV overruns its PDU")
            rest = length - 2
            self._unread = remaining + rest
            if rest == 0:
                feed(context_id, control, memoryview(b""), fragment_ends=True)
            for piece in wire.pieces(rest):
                rest -= len(piece)
                self._unread = remaining + rest
                feed(context_id, control, piece, fragment_ends=rest == 0)

    def _listen(self, *, wait: bool) -> None:
        """While a request is served, take what the peer says meanwhile: a response, a C-CANCEL, or its end."""
        if self._unread:
            if wait:
                raise ProtocolViolation("something behind a request in the same PDU")
            return
        while wait or self._wire.has_input():
            event = self._next_event()
            if event is Event.ABORT_PDU:
                self._ending = Ending.ABORTED
                raise PeerClosed
            if event is not Event.P_DATA_PDU:
                raise ProtocolViolation("a PDU that has no place while a request is served")
            self._step(event)
            wait = False

    def _send_stream(self, context_id: int, chunks: Iterable[bytes | memoryview]) -> None:
        """DT-1, for a data set of any length."""
        self._machine.step(Event.P_DATA_REQUEST)
        for pdu in encode_p_data_stream(context_id, chunks, self._peer_max_p_data_bytes):
            self._wire.send(pdu)

    def _send_parts(self, context_id: int, parts: list[Part], is_urgent: bool) -> None:
        """DT-1. Small messages that are not urgent wait for each other: system calls cost more than they do."""
        self._machine.step(Event.P_DATA_REQUEST)
        most = self._peer_max_p_data_bytes
        for content, is_command in parts:
            for pdu in encode_p_data(
                context_id, content, is_command=is_command, max_p_data_bytes=most
            ):
                self._waiting += pdu
                if len(self._waiting) >= TOGETHER_BYTES:
                    self._flush()
        if is_urgent:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            content, self._waiting = bytes(self._waiting), bytearray()
            self._wire.send(content)

    def _release(self) -> None:
        """AR-2, then at once AR-4."""
        self._ending = Ending.RELEASED
        self._machine.step(Event.RELEASE_RESPONSE)
        self._wire.send(RELEASE_RP)
        self._wire.start_artim()

    def _abort_as_user(self) -> None:
        self._wire.send(encode_abort(AbortSource.SERVICE_USER, 0))
        self._wire.start_artim()

    def _abort_as_provider(self) -> None:
        self._ending = self._ending or Ending.VIOLATION
        self._wire.send(encode_abort(AbortSource.SERVICE_PROVIDER, self._abort_reason))
        self._wire.start_artim()

    def _abort_blindly(self) -> None:
        self._ending = Ending.FAILED
        try:
            self._wire.send(encode_abort(AbortSource.SERVICE_USER, 0))
        except (PeerClosed, PeerIdle):
            return

    def _end(self) -> None:
        self._wire.close()

    def _end_aborted(self) -> None:
        self._ending = Ending.ABORTED
        self._wire.close()

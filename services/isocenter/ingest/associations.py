"""The service-user of one association at the one DICOM address: who may come in, what is served, where it goes."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dimse.associate import (
    APPLICATION_CONTEXT,
    PROTOCOL_VERSION,
    AssociateAccept,
    AssociateRequest,
    Rejection,
)
from isocenter.dimse.commands import (
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Element,
    number_in,
    text_in,
)
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.limits import DEFAULT_P_DATA_BYTES
from isocenter.dimse.user import Context, Operation
from isocenter.dimse.user_information import own_information
from isocenter.ingest.admission import Places
from isocenter.ingest.ae_list import AeList
from isocenter.ingest.asking_streaming import StreamingClient
from isocenter.ingest.commit_scp import CommitOperation
from isocenter.ingest.commitment import Committer
from isocenter.ingest.destinations import ToDestination
from isocenter.ingest.find_scp import FindScp, Questions
from isocenter.ingest.negotiation import (
    answer_contexts,
    answer_extended,
    answer_roles,
    fuzzy_classes,
    receiving_contexts,
)
from isocenter.ingest.responses import AnswerOnly, Unanswered
from isocenter.ingest.retrieving import Carrier, Retrieval, ToPeer
from isocenter.ingest.sinks import Receiver
from isocenter.ingest.statuses import SUCCESS, Answer, Status
from isocenter.ingest.store_scp import StoreScp
from isocenter.ingest.suboperations import Sending
from isocenter.ingest.tally import Tally
from isocenter.runtime.caller import NOBODY, Action, Caller, allowed
from isocenter.runtime.metrics import METRICS

Record = Callable[[Caller, Action, str], None]
"""(caller, action, study)."""


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked of every association at this DICOM address."""

    receiver: Receiver
    ae_list: AeList
    places: Places
    ae_title: str = "ISOCENTER"
    strict_called_ae_title: bool = False  # reject who calls us by another title
    max_p_data_bytes: int = DEFAULT_P_DATA_BYTES
    accepting: Callable[[], bool] = lambda: True  # false at the low mark of free space
    record_denied: Record = lambda caller, action, study: None
    record_allowed: Record = lambda caller, action, study: None  # of what is no receipt
    questions: Questions | None = None  # None: nobody can be asked
    retrieving: tuple[StreamingClient, Sending] | None = None  # None: nothing can be retrieved
    committing: tuple[Committer, Executor] | None = None  # None: nothing is committed


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from, and over what."""

    address: str
    tls_subject: str = ""
    on_loopback: bool = False  # the listener's own address, not the peer's


class Association:
    """Implements `dimse.user.AssociationUser`; `close` gives its place back."""

    def __init__(self, at: Address, peer: Peer) -> None:
        self._at = at
        self._peer = peer
        self._has_place = False
        self._receiving: Mapping[int, Context] = {}  # on which the peer takes instances (C-GET)
        self._fuzzy: frozenset[str] = frozenset()  # SOP classes whose names are asked fuzzily
        self.caller = NOBODY
        self.tally = Tally()
        self._store = StoreScp(at.receiver, pb.Sender(), self.tally)

    def decide(self, request: AssociateRequest) -> AssociateAccept | Rejection:
        """Admit a known caller while there is a place."""
        rejection = self._malformed(request) or self._unknown(request) or self._crowded()
        if rejection is not None:
            return rejection
        contexts = answer_contexts(request.contexts)
        roles = answer_roles(request.user.roles, request.contexts)
        extended = answer_extended(request.user.extended, request.contexts)
        self._fuzzy = fuzzy_classes(extended)
        self._receiving = receiving_contexts(request.contexts, contexts, roles)
        self._store = StoreScp(self._at.receiver, self._sender(request), self.tally)
        return AssociateAccept(
            request.called_ae_title,
            request.calling_ae_title,
            contexts,
            own_information(self._at.max_p_data_bytes, roles, extended),
        )

    def begin(self, context: Context, command: CommandSet) -> Operation:
        """Serve one message; each is asked for again whether the caller may."""
        field = number_in(command, Element.COMMAND_FIELD)
        if field & RESPONSE_BIT:
            raise ProtocolViolation("a response to nothing")
        if field == CommandField.C_CANCEL_RQ:
            return Unanswered()
        number_in(command, Element.MESSAGE_ID)  # without it there can be no answer
        if field == CommandField.C_STORE_RQ:
            return self._store.begin(context, command, is_allowed=self._is_allowed(Action.STORE))
        if field == CommandField.C_FIND_RQ and self._at.questions is not None:
            return self._find(self._at.questions, context, command)
        if field in (CommandField.C_GET_RQ, CommandField.C_MOVE_RQ) and self._at.retrieving:
            return self._retrieve(*self._at.retrieving, context, command)
        if field == CommandField.N_ACTION_RQ and self._at.committing:
            return self._commit(*self._at.committing, context, command)
        if field == CommandField.C_ECHO_RQ:
            may = self._is_allowed(Action.VERIFY)
            return AnswerOnly(command, SUCCESS if may else Answer(Status.NOT_AUTHORIZED))
        return AnswerOnly(command, Answer(Status.UNRECOGNIZED_OPERATION))

    def _find(self, questions: Questions, context: Context, command: CommandSet) -> Operation:
        may = self._is_allowed(Action.QUERY)
        if may:
            self._at.record_allowed(self.caller, Action.QUERY, "")
        scp = FindScp(questions, self._at.ae_title, self._fuzzy)
        return scp.begin(context, command, is_allowed=may)

    def _retrieve(
        self,
        streaming: StreamingClient,
        sending: Sending,
        context: Context,
        command: CommandSet,
    ) -> Operation:
        if not self._is_allowed(Action.RETRIEVE):
            return AnswerOnly(command, Answer(Status.NOT_AUTHORIZED))
        carrier: Carrier
        if number_in(command, Element.COMMAND_FIELD) == CommandField.C_GET_RQ:
            carrier = ToPeer(sending, self._receiving)
        else:
            title = text_in(command, Element.MOVE_DESTINATION)
            destination = self._at.ae_list.destination(title, self.caller)
            if destination is None:
                return AnswerOnly(command, Answer(Status.MOVE_DESTINATION_UNKNOWN))
            originator = (self.caller.name, number_in(command, Element.MESSAGE_ID))
            carrier = ToDestination(sending, destination, self._at.ae_title, originator)
        return Retrieval(
            command,
            context,
            streaming,
            carrier,
            lambda study: self._at.record_allowed(self.caller, Action.RETRIEVE, study),
        )

    def _commit(
        self, committer: Committer, reporters: Executor, context: Context, command: CommandSet
    ) -> Operation:
        if not self._is_allowed(Action.STORE):
            return AnswerOnly(command, Answer(Status.NOT_AUTHORIZED))
        where = self._at.ae_list.address_of(self.caller.name)
        return CommitOperation(context, command, committer, reporters, where, self._at.ae_title)

    def close(self) -> None:
        """Give the place back; called once, at the end."""
        if self._has_place:
            self._has_place = False
            self._at.places.give_back(self._peer.address)
            METRICS.set("isocenter_associations", self._at.places.taken)

    def _malformed(self, request: AssociateRequest) -> Rejection | None:
        if not request.protocol_version & PROTOCOL_VERSION:
            return Rejection.PROTOCOL_VERSION_NOT_SUPPORTED
        if request.application_context != APPLICATION_CONTEXT:
            return Rejection.APPLICATION_CONTEXT_NOT_SUPPORTED
        called = request.called_ae_title
        if not called or (self._at.strict_called_ae_title and called != self._at.ae_title):
            return Rejection.CALLED_AE_TITLE_NOT_RECOGNIZED
        if not request.calling_ae_title:
            return Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED
        return None

    def _unknown(self, request: AssociateRequest) -> Rejection | None:
        peer, title = self._peer, request.calling_ae_title
        caller = self._at.ae_list.caller(
            title, peer.address, peer.tls_subject, on_loopback=peer.on_loopback
        )
        if caller is None:
            self._at.record_denied(Caller(title, "ae", peer.address, frozenset()), Action.STORE, "")
            return Rejection.CALLING_AE_TITLE_NOT_RECOGNIZED
        self.caller = caller
        return None

    def _crowded(self) -> Rejection | None:
        if not self._at.accepting():
            return Rejection.TEMPORARY_CONGESTION
        self._has_place = self._at.places.take(self._peer.address)
        METRICS.set("isocenter_associations", self._at.places.taken)
        return None if self._has_place else Rejection.LOCAL_LIMIT_EXCEEDED

    def _is_allowed(self, action: Action) -> bool:
        if allowed(self.caller, action):
            return True
        self._at.record_denied(self.caller, action, "")
        return False

    def _sender(self, request: AssociateRequest) -> pb.Sender:
        return pb.Sender(
            protocol="dimse",
            address=self._peer.address,
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
            tls_subject=self._peer.tls_subject,
            implementation_class_uid=request.user.implementation_class_uid,
            implementation_version_name=request.user.implementation_version_name,
        )

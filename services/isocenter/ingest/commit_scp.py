"""Storage Commitment as SCP (PS3.4 J.3): the request is answered at once, the result is an event report.

Who is in the AE list with a port hears it on an association of ours, as most senders expect; everybody else on the one
they asked on, for as long as they keep it.
"""

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any

from isocenter.dicom.json_attributes import first
from isocenter.dicom.json_writing import write_dataset
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dicom.uids import is_valid_uid
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import A_DATA_SET, CommandField, CommandSet, Element, number_in
from isocenter.dimse.limits import Patience
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.sop_classes import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from isocenter.dimse.user import Context, Response, Suboperation
from isocenter.dimse.user_information import RoleSelection, own_information
from isocenter.errors import InvalidRequest, IsocenterError
from isocenter.ingest.commitment import Committed, Committer, Reference
from isocenter.ingest.destination import Destination
from isocenter.ingest.identifier import read_document
from isocenter.ingest.lane import LOST
from isocenter.ingest.responses import respond
from isocenter.ingest.statuses import SUCCESS, Answer, Status, comment_of
from isocenter.runtime.log import logger

MAX_REQUEST_BYTES = 16 << 20
MAX_REFERENCES = 100_000
REQUEST_COMMITMENT = 1  # Action Type ID (PS3.4 J.3.2)
ALL_COMMITTED, SOME_FAILED = 1, 2  # Event Type ID (PS3.4 J.3.3)
TRIES = 3
_TRANSACTION, _REFERENCED, _FAILED = "00081195", "00081199", "00081198"
_SOP_CLASS, _SOP, _REASON = "00081150", "00081155", "00081197"

log = logger(__name__)


class CommitOperation:
    """One N-ACTION; implements `dimse.user.Operation`. `destination` None: the report comes on this association."""

    def __init__(
        self,
        context: Context,
        command: CommandSet,
        committer: Committer,
        reporters: Executor,
        destination: Destination | None,
        ae_title: str,
    ) -> None:
        self._context = context
        self._command = command
        self._committer = committer
        self._reporters = reporters
        self._destination = destination
        self._ae_title = ae_title
        self._content = bytearray()
        self._is_too_large = False

    def write(self, data: memoryview) -> None:
        """Keep it, up to a bound."""
        self._is_too_large |= len(self._content) + len(data) > MAX_REQUEST_BYTES
        if not self._is_too_large:
            self._content += data

    def complete(self) -> Iterable[Response | Suboperation]:
        """Answer, check, report."""
        try:
            transaction, references = self._read()
        except IsocenterError as error:
            status = Answer(Status.INVALID_ARGUMENT_VALUE, comment_of(error.message))
            yield respond(self._command, status)
            return
        yield respond(self._command, SUCCESS)
        if self._destination is not None:
            self._reporters.submit(self._report_there, self._destination, transaction, references)
            return
        committed = self._committer.check(references)
        explicit = self._context.transfer_syntax != IMPLICIT_VR_LITTLE_ENDIAN
        content = report(transaction, committed, explicit=explicit)
        yield Suboperation(self._context.context_id, report_command(committed), (content,))

    def cancel(self) -> None:
        """There is nothing to be cancelled."""

    def answered(self, command: CommandSet) -> None:
        """The report was heard."""

    def discard(self) -> None:
        """Let go."""
        self._content.clear()

    def _read(self) -> tuple[str, list[Reference]]:
        if self._is_too_large:
            raise InvalidRequest("the request is too large")
        if number_in(self._command, Element.ACTION_TYPE_ID) != REQUEST_COMMITMENT:
            raise InvalidRequest("the action is to request a commitment")
        document = read_document(self._content, self._context.transfer_syntax)
        transaction = first(document, _TRANSACTION)
        items = document.get(_REFERENCED, {}).get("Value", [])
        if not is_valid_uid(transaction) or not 0 < len(items) <= MAX_REFERENCES:
            raise InvalidRequest("a transaction and the instances it is about are needed")
        return transaction, [Reference(first(i, _SOP_CLASS), first(i, _SOP)) for i in items]

    def _report_there(
        self, destination: Destination, transaction: str, references: list[Reference]
    ) -> None:
        try:
            committed = self._committer.check(references)
            for _ in range(TRIES):
                if _reported(destination, self._ae_title, transaction, committed):
                    return
            log.warning("commitment_not_reported", count=len(references))
        except Exception as error:
            log.error("commitment_failed", exc_info=error)


def _reported(
    destination: Destination, ae_title: str, transaction: str, committed: Committed
) -> bool:
    """Tell it on an association of ours, in which we are the SCP (PS3.7 D.3.3.4)."""
    user = own_information(roles=(RoleSelection(STORAGE_COMMITMENT, scu=False, scp=True),))
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    proposed = (ProposedContext(1, STORAGE_COMMITMENT, syntaxes),)
    request = AssociateRequest(destination.ae_title, ae_title, proposed, user)
    try:
        address = destination.host, destination.port
        association = Requestor(address, request, Patience(), destination.secured)
        context = association.contexts.get(1)
        if context is None:
            association.release()
            return False
        explicit = context.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
        content = report(transaction, committed, explicit=explicit)
        association.send(1, report_command(committed), (content,))
        association.release()
    except LOST as error:
        log.warning("destination_not_reached", error=type(error).__name__)
        return False
    return True


def report_command(committed: Committed) -> CommandSet:
    """N-EVENT-REPORT-RQ (PS3.7 10.3.1.1)."""
    return {
        Element.AFFECTED_SOP_CLASS_UID: STORAGE_COMMITMENT,
        Element.COMMAND_FIELD: CommandField.N_EVENT_REPORT_RQ,
        Element.MESSAGE_ID: 1,
        Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
        Element.AFFECTED_SOP_INSTANCE_UID: STORAGE_COMMITMENT_INSTANCE,
        Element.EVENT_TYPE_ID: SOME_FAILED if committed.failed else ALL_COMMITTED,
    }


def report(transaction: str, committed: Committed, *, explicit: bool) -> bytes:
    """The Event Information (PS3.4 Table J.3-2)."""
    document: dict[str, Any] = {_TRANSACTION: _ui(transaction)}
    if committed.sound:
        document[_REFERENCED] = {"vr": "SQ", "Value": [_item(one) for one in committed.sound]}
    if committed.failed:
        failed = [
            {**_item(one), _REASON: {"vr": "US", "Value": [int(reason)]}}
            for one, reason in committed.failed
        ]
        document[_FAILED] = {"vr": "SQ", "Value": failed}
    return write_dataset(document, explicit=explicit)[0]


def _item(reference: Reference) -> dict[str, Any]:
    return {_SOP_CLASS: _ui(reference.sop_class_uid), _SOP: _ui(reference.sop_instance_uid)}


def _ui(uid: str) -> dict[str, Any]:
    return {"vr": "UI", "Value": [uid]}

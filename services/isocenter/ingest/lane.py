"""One association to a destination, made when it is needed and made anew when it breaks."""

import time

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.conversion.table import LOSSY_METHODS
from isocenter.dicom.transfer_syntaxes import LOSSLESS_WRITTEN
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import Element, number_in
from isocenter.dimse.faults import PeerClosed, PeerIdle, PeerTooSlow, ProtocolViolation
from isocenter.dimse.limits import Patience
from isocenter.dimse.requestor import AssociationRejected, Requestor
from isocenter.dimse.user_information import own_information
from isocenter.errors import IsocenterError
from isocenter.ingest.destination import Destination
from isocenter.ingest.statuses import Status
from isocenter.ingest.suboperations import PLAIN, Places, Sending, Way, places, store_command
from isocenter.runtime.log import logger

TRIES = 3
PAUSE_S = 1.0
LOST = (OSError, AssociationRejected, PeerClosed, PeerIdle, PeerTooSlow, ProtocolViolation)

Kind = tuple[str, str]  # SOP class, transfer syntax as stored

log = logger(__name__)


class Lane:
    """Sends one instance after another. Used by one thread at a time; `originator` is who asked, and its Message ID."""

    def __init__(
        self,
        sending: Sending,
        destination: Destination,
        ae_title: str,
        originator: tuple[str, int],
        patience: Patience,
    ) -> None:
        self._sending = sending
        self._destination = destination
        self._ae_title = ae_title
        self._originator = originator
        self._patience = patience
        self._association: Requestor | None = None
        self._places: Places = {}
        self._kinds: frozenset[Kind] = frozenset()
        self._message_id = 0

    @property
    def is_open(self) -> bool:
        """Whether there is an association."""
        return self._association is not None

    def for_kinds(self, kinds: frozenset[Kind]) -> None:
        """What comes next needs these; an association that has not proposed them ends."""
        if not kinds <= self._kinds:
            self.end()
            self._kinds = kinds

    def open(self, tries: int = TRIES) -> bool:
        """Have an association; false when the other side is not reached."""
        return self._association is not None or self._connected(tries) is not None

    def send(self, instance: pb.PlannedInstance) -> int | None:
        """The receiver's status, None when it was not sent; on an association that broke, once more on a new one.

        What the receiver has no room for now (A7xx) is offered again after a pause.
        """
        for attempt in range(2):
            association = self._association or self._connected(TRIES)
            if association is None:
                return None
            try:
                status = self._store(association, instance)
            except LOST as error:
                log.warning("destination_lost", error=type(error).__name__)
                association.abort()
                self._association = None
            except IsocenterError as error:
                log.warning("not_sent", reason=error.reason)
                return None
            else:
                if attempt or status is None or status & 0xFF00 != Status.OUT_OF_RESOURCES:
                    return status
                log.warning("destination_has_no_room")
                time.sleep(PAUSE_S)
        return None

    def end(self) -> None:
        """Release what is open."""
        association, self._association = self._association, None
        if association is not None:
            association.release()

    def _store(self, association: Requestor, instance: pb.PlannedInstance) -> int | None:
        quality = self._destination.receiver.lossy_quality
        way = self._sending.way(instance, self._places, quality)
        return None if way is None else self._offer(association, instance, way)

    def _offer(self, association: Requestor, instance: pb.PlannedInstance, way: Way) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        command = store_command(
            instance.sop_class_uid, way.sop_instance_uid, self._message_id, self._originator
        )
        try:
            response = association.send(way.context_id, command, way.data_set)
            return number_in(response, Element.STATUS)
        except IsocenterError as error:
            if not isinstance(error, LOST):
                # of our own reading: half a message cannot be taken back
                association.abort()
                self._association = None
            raise

    def _connected(self, tries: int) -> Requestor | None:
        to = self._destination
        for attempt in range(tries):
            if attempt:
                time.sleep(PAUSE_S)
            try:
                association = Requestor(
                    (to.host, to.port), self._request(), self._patience, to.secured
                )
            except LOST as error:
                log.warning("destination_not_reached", error=type(error).__name__)
                continue
            self._association, self._places = association, places(association.contexts)
            return association
        return None

    def _request(self) -> AssociateRequest:
        proposals = proposed(self._kinds, lossy=bool(self._destination.receiver.lossy_quality))
        contexts = tuple(
            ProposedContext(2 * number + 1, sop_class, syntaxes)
            for number, (sop_class, syntaxes) in enumerate(proposals)
        )
        return AssociateRequest(
            self._destination.ae_title, self._ae_title, contexts, own_information()
        )


def proposed(kinds: frozenset[Kind], *, lossy: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Each kind as it is stored, and each class plain and compressed otherwise, for who takes nothing else.

    `lossy`: each lossy transfer syntax that is written, too, on a context of its own, for which of them an image can
    be had in is known later.
    """
    classes = sorted({sop_class for sop_class, _ in kinds})
    return [
        *((sop_class, (syntax,)) for sop_class, syntax in sorted(kinds)),
        *((sop_class, PLAIN) for sop_class in classes),
        *((sop_class, LOSSLESS_WRITTEN) for sop_class in classes),
        *((sop_class, (syntax,)) for sop_class in classes for syntax in LOSSY_METHODS if lossy),
    ]

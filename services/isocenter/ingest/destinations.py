"""A C-MOVE's way: associations of ours to another system, as many as its kinds of objects need, one at a time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.dicom.transfer_syntaxes import LOSSLESS_WRITTEN
from isocenter.dimse.associate import AssociateRequest, ProposedContext
from isocenter.dimse.commands import CommandSet, Element, number_in
from isocenter.dimse.faults import PeerClosed, PeerIdle, PeerTooSlow, ProtocolViolation
from isocenter.dimse.limits import MAX_PRESENTATION_CONTEXTS, Patience
from isocenter.dimse.requestor import AssociationRejected, Requestor
from isocenter.dimse.tls import Secured
from isocenter.dimse.user_information import own_information
from isocenter.errors import IsocenterError
from isocenter.ingest.retrieving import Step
from isocenter.ingest.suboperations import PLAIN, Places, Sending, places, store_command
from isocenter.runtime.log import logger

GROUP = 500
TRIES = 3
PAUSE_S = 1.0
GIVE_UP_AFTER = 3  # instances in a row that never reached the other side
LOST = (OSError, AssociationRejected, PeerClosed, PeerIdle, PeerTooSlow, ProtocolViolation)

Kind = tuple[str, str]  # SOP class, transfer syntax as stored

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Destination:
    """Another system."""

    ae_title: str
    host: str
    port: int
    secured: Secured | None = None  # None: without TLS


class ToDestination:
    """Sends to one destination; `originator` is who asked, and the Message ID of its request."""

    def __init__(
        self,
        sending: Sending,
        destination: Destination,
        ae_title: str,
        originator: tuple[str, int],
        patience: Patience = Patience(),  # noqa: B008  (immutable)
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

    def carry(self, instances: Iterator[pb.PlannedInstance]) -> Iterator[Step]:
        """Group by group, as many kinds at once as an association can propose."""
        unreachable = 0
        for group, kinds in _groups(instances):
            if not kinds <= self._kinds:
                self._end()
                self._kinds = kinds
            for instance in group:
                status = self._sent(instance) if unreachable < GIVE_UP_AFTER else None
                is_lost = status is None and self._association is None
                unreachable = (
                    unreachable + 1 if is_lost else 0 if status is not None else unreachable
                )
                yield instance, status

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer that asked for this."""

    def close(self) -> None:
        """Release what is open."""
        self._end()

    def _end(self) -> None:
        association, self._association = self._association, None
        if association is not None:
            association.release()

    def _sent(self, instance: pb.PlannedInstance) -> int | None:
        """Send one; on an association that broke, once more on a new one."""
        for _ in range(2):
            association = self._association or self._connected()
            if association is None:
                return None
            try:
                return self._store(association, instance)
            except LOST as error:
                log.warning("destination_lost", error=type(error).__name__)
                association.abort()
                self._association = None
            except IsocenterError as error:
                log.warning("not_sent", reason=error.reason)
                return None
        return None

    def _store(self, association: Requestor, instance: pb.PlannedInstance) -> int | None:
        way = self._sending.way(instance, self._places)
        if way is None:
            return None
        context_id, data_set = way
        self._message_id = self._message_id % 0xFFFF + 1
        command = store_command(instance, self._message_id, self._originator)
        try:
            return number_in(association.send(context_id, command, data_set), Element.STATUS)
        except IsocenterError as error:
            if not isinstance(
                error, LOST
            ):  # of our own reading: half a message cannot be taken back
                association.abort()
                self._association = None
            raise

    def _connected(self) -> Requestor | None:
        to = self._destination
        for attempt in range(TRIES):
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
        contexts = tuple(
            ProposedContext(2 * number + 1, sop_class, syntaxes)
            for number, (sop_class, syntaxes) in enumerate(_proposed(self._kinds))
        )
        return AssociateRequest(
            self._destination.ae_title, self._ae_title, contexts, own_information()
        )


def _proposed(kinds: frozenset[Kind]) -> list[tuple[str, tuple[str, ...]]]:
    """Each kind as it is stored, and each class plain and compressed otherwise, for who takes nothing else."""
    classes = sorted({sop_class for sop_class, _ in kinds})
    return [
        *((sop_class, (syntax,)) for sop_class, syntax in sorted(kinds)),
        *((sop_class, PLAIN) for sop_class in classes),
        *((sop_class, LOSSLESS_WRITTEN) for sop_class in classes),
    ]


def _groups(
    instances: Iterator[pb.PlannedInstance],
) -> Iterator[tuple[list[pb.PlannedInstance], frozenset[Kind]]]:
    """Up to GROUP instances that need no more contexts than an association has."""
    for first in instances:
        group, kinds = list[pb.PlannedInstance](), frozenset[Kind]()
        for instance in chain((first,), instances):
            more = kinds | {(instance.sop_class_uid, instance.transfer_syntax_uid)}
            if len(_proposed(more)) > MAX_PRESENTATION_CONTEXTS:
                yield group, kinds
                group, more = (
                    [],
                    frozenset({(instance.sop_class_uid, instance.transfer_syntax_uid)}),
                )
            group.append(instance)
            kinds = more
            if len(group) >= GROUP:
                break
        yield group, kinds

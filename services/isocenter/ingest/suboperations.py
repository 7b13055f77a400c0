"""The C-STOREs of a C-GET or C-MOVE (PS3.4 C.4.2, C.4.3): what is sent and how, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.conversion.table import LOSSY_METHODS
from isocenter.dicom.json_writing import write_dataset
from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    LOSSLESS_WRITTEN,
)
from isocenter.dimse.commands import A_DATA_SET, CommandField, CommandSet, Element
from isocenter.dimse.user import Context, Response
from isocenter.errors import (
    Corrupted,
    InvalidRequest,
    IsocenterError,
    NotAcceptable,
    UnsupportedSyntax,
)
from isocenter.ingest.asking_streaming import LEVELS, StreamingClient
from isocenter.ingest.identifier import texts
from isocenter.ingest.responses import respond
from isocenter.ingest.statuses import SUCCESS, Answer, Status
from isocenter.ports.objects import ObjectStore

PLAIN = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
MAX_FAILED_UIDS = 900  # of the list in the last answer: what 64 KiB of UIDs hold
# in this form, or not by a release before: perhaps in another
_NOT_SO = (NotAcceptable, UnsupportedSyntax, InvalidRequest)
_WARNINGS = 0xB000  # Bxxx (PS3.4 B.2.3)
_PATIENT_ID, _ISSUER = "00100020", "00100021"
_STUDY, _SERIES, _SOP = "0020000D", "0020000E", "00080018"
_FAILED_SOP_INSTANCE_UID_LIST = "00080058"

Places = Mapping[tuple[str, str], int]
"""Context identifiers by abstract and transfer syntax."""


def places(contexts: Mapping[int, Context]) -> Places:
    """Index accepted contexts; of two alike the first."""
    found: dict[tuple[str, str], int] = {}
    for context_id, context in contexts.items():
        found.setdefault((context.abstract_syntax, context.transfer_syntax), context_id)
    return found


def wanted(
    level: str, document: dict[str, object], taking: pb.Taking | None = None
) -> pb.PlanRequest:
    """An Identifier's unique keys, for a receiver that takes no more than that."""
    return pb.PlanRequest(
        level=LEVELS[level],
        patient_id="".join(texts(document, _PATIENT_ID)[:1]),
        issuer_of_patient_id="".join(texts(document, _ISSUER)[:1]),
        study_instance_uids=texts(document, _STUDY),
        series_instance_uids=texts(document, _SERIES),
        sop_instance_uids=texts(document, _SOP),
        taking=taking,
    )


class Way(NamedTuple):
    """What goes over the wire: on which context, under which name, and the data set."""

    context_id: int
    sop_instance_uid: str
    data_set: Iterator[bytes]


class Sending:
    """Gives data sets as a receiver can take them: as stored where it may, else plain, else compressed anew."""

    def __init__(self, objects: ObjectStore, streaming: StreamingClient) -> None:
        self._objects = objects
        self._streaming = streaming

    def way(
        self, instance: pb.PlannedInstance, contexts: Places, lossy_quality: int = 0
    ) -> Way | None:
        """How it can go; None when the receiver takes no such thing.

        With a quality first with loss, where that can be. The first piece is read here, so that what cannot be had
        fails before anything is sent. Raises NotFound, NotAcceptable, Corrupted, Unavailable; so does reading on.
        """
        forms = [(syntax, lossy_quality) for syntax in LOSSY_METHODS if lossy_quality]
        without_loss = (instance.transfer_syntax_uid, *PLAIN, *LOSSLESS_WRITTEN)
        unavailable: IsocenterError | None = None
        for syntax, quality in (*forms, *((syntax, 0) for syntax in without_loss)):
            context_id = contexts.get((instance.sop_class_uid, syntax))
            if context_id is None:
                continue
            try:
                name, pieces = self._data_set(instance, syntax, quality)
            except _NOT_SO as error:
                unavailable = error
                continue
            return Way(context_id, name, pieces)
        if unavailable is not None:
            raise unavailable
        return None

    def _data_set(
        self, instance: pb.PlannedInstance, syntax: str, quality: int
    ) -> tuple[str, Iterator[bytes]]:
        if (
            syntax == instance.transfer_syntax_uid
            and not instance.HasField("shape")
            and not instance.edited
            and not quality
        ):
            return instance.sop_instance_uid, _begun(self._stored(instance))
        name, pieces = self._streaming.rewritten(instance, syntax, quality)
        return name or instance.sop_instance_uid, pieces

    def _stored(self, instance: pb.PlannedInstance) -> Iterator[bytes]:
        left = instance.size_bytes - instance.dataset_offset
        pieces = self._objects.stream(
            instance.object_key, instance.dataset_offset, instance.size_bytes
        )
        for piece in pieces:
            left -= len(piece)
            yield piece
        if left:
            raise Corrupted("the stored object has another size than the index says")


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    return rest()


def store_command(
    sop_class_uid: str,
    sop_instance_uid: str,
    message_id: int,
    originator: tuple[str, int] | None = None,
) -> CommandSet:
    """C-STORE-RQ (PS3.7 9.3.1.1); `originator` is who asked for a C-MOVE, and its Message ID."""
    command: CommandSet = {
        Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
        Element.COMMAND_FIELD: CommandField.C_STORE_RQ,
        Element.MESSAGE_ID: message_id,
        Element.PRIORITY: 0,
        Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
        Element.AFFECTED_SOP_INSTANCE_UID: sop_instance_uid,
    }
    if originator is not None:
        command[Element.MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE] = originator[0]
        command[Element.MOVE_ORIGINATOR_MESSAGE_ID] = originator[1]
    return command


@dataclass(slots=True)
class Suboperations:
    """Counts."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warnings: int = 0
    failed_uids: list[str] = field(default_factory=list)

    def count(self, instance: pb.PlannedInstance, status: int | None) -> None:
        """Note what the receiver answered; None when it could not be sent."""
        self.remaining = max(0, self.remaining - 1)
        if status == Status.SUCCESS:
            self.completed += 1
        elif status is not None and status & 0xF000 == _WARNINGS:
            self.warnings += 1
        else:
            self.failed += 1
            if len(self.failed_uids) < MAX_FAILED_UIDS:
                self.failed_uids.append(instance.sop_instance_uid)

    def pending(self, request: CommandSet) -> Response:
        """More will follow."""
        return self._told(request, Answer(Status.PENDING), with_remaining=True)

    def last(self, request: CommandSet, *, cancelled: bool, explicit: bool) -> Response:
        """How it ended, with the names of what failed."""
        if cancelled:
            answer = Answer(Status.CANCELLED)
        elif not self.failed and not self.warnings:
            answer = SUCCESS
        elif not self.completed and not self.warnings:
            answer = Answer(Status.UNABLE_TO_PERFORM_SUBOPERATIONS)
        else:
            answer = Answer(Status.SUBOPERATIONS_WITH_FAILURES)
        failed = {_FAILED_SOP_INSTANCE_UID_LIST: {"vr": "UI", "Value": self.failed_uids}}
        listed = write_dataset(failed, explicit=explicit)[0] if self.failed_uids else None
        return self._told(request, answer, listed, with_remaining=cancelled)

    def _told(
        self,
        request: CommandSet,
        answer: Answer,
        data_set: bytes | None = None,
        *,
        with_remaining: bool,
    ) -> Response:
        response = respond(request, answer, data_set)
        counts: CommandSet = {
            Element.NUMBER_OF_COMPLETED_SUBOPERATIONS: min(self.completed, 0xFFFF),
            Element.NUMBER_OF_FAILED_SUBOPERATIONS: min(self.failed, 0xFFFF),
            Element.NUMBER_OF_WARNING_SUBOPERATIONS: min(self.warnings, 0xFFFF),
        }
        if with_remaining:
            counts[Element.NUMBER_OF_REMAINING_SUBOPERATIONS] = min(self.remaining, 0xFFFF)
        return Response({**response.command, **counts}, response.data_set)

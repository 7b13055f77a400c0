"""C-GET and C-MOVE as SCP (PS3.4 C.4.2, C.4.3): one operation, two ways for the instances to go.

A plan comes from streaming; each instance is sent, counted and told. What cannot be sent is counted as failed and named
in the last answer; the rest goes on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.dicom.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from isocenter.dimse.commands import CommandSet, Element, number_in
from isocenter.dimse.user import Context, Response, Suboperation
from isocenter.errors import IsocenterError
from isocenter.ingest.asking_streaming import StreamingClient
from isocenter.ingest.identifier import Identifier, answer_to_question
from isocenter.ingest.responses import respond
from isocenter.ingest.statuses import Answer, Status
from isocenter.ingest.suboperations import Sending, Suboperations, places, store_command, wanted
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

Record = Callable[[str], None]
"""Note in the audit trail that a study is read."""

log = logger(__name__)


class Carrier(Protocol):
    """How instances reach the receiver."""

    @property
    def taking(self) -> pb.Taking | None:
        """What it can read; None: everything as it is."""
        ...

    def carry(self, instances: Iterator[pb.PlannedInstance]) -> Iterator["Step"]:
        """Send each; a generator, closed when no more is wanted."""
        ...

    def answered(self, command: CommandSet) -> None:
        """The response to a suboperation it gave."""
        ...

    def close(self) -> None:
        """Nothing more is sent."""
        ...


Step = Suboperation | tuple[pb.PlannedInstance, int | None]
"""Something for the peer of this association to take, or an instance with its receiver's status (None: not sent)."""


class Retrieval:
    """One C-GET or C-MOVE; implements `dimse.user.Operation`."""

    def __init__(
        self,
        command: CommandSet,
        context: Context,
        streaming: StreamingClient,
        carrier: Carrier,
        record: Record,
    ) -> None:
        self.identifier = Identifier(context)
        self._command = command
        self._is_explicit = context.transfer_syntax != IMPLICIT_VR_LITTLE_ENDIAN
        self._streaming = streaming
        self._carrier = carrier
        self._record = record
        self._is_cancelled = False

    def write(self, data: memoryview) -> None:
        """Take the next piece of the Identifier."""
        self.identifier.write(data)

    def complete(self) -> Iterable[Response | Suboperation]:
        """Send all of it."""
        counts = Suboperations(0)
        try:
            yield from self._carried(counts)
            last = counts.last(
                self._command, cancelled=self._is_cancelled, explicit=self._is_explicit
            )
        except IsocenterError as error:
            last = respond(self._command, _answer_to(error))
        finally:
            self._carrier.close()
        status = number_in(last.command, Element.STATUS)
        METRICS.count("isocenter_retrievals_total", status=f"{status:04X}")
        yield last

    def cancel(self) -> None:
        """No more."""
        self._is_cancelled = True

    def answered(self, command: CommandSet) -> None:
        """Of a suboperation."""
        self._carrier.answered(command)

    def discard(self) -> None:
        """Let go."""
        self.identifier.clear()
        self._carrier.close()

    def _carried(self, counts: Suboperations) -> Iterator[Response | Suboperation]:
        level, document = self.identifier.read()
        counts.remaining, instances = self._streaming.plan(
            wanted(level, document, self._carrier.taking)
        )
        for step in self._carrier.carry(self._recorded(instances)):
            if isinstance(step, Suboperation):
                yield step
                continue
            counts.count(*step)
            if counts.remaining:
                yield counts.pending(self._command)
            if self._is_cancelled:
                return

    def _recorded(self, instances: Iterator[pb.PlannedInstance]) -> Iterator[pb.PlannedInstance]:
        study = ""
        for instance in instances:
            if instance.study_instance_uid != study:
                study = instance.study_instance_uid
                self._record(study)
            yield instance


def _answer_to(error: IsocenterError) -> Answer:
    answer = answer_to_question(error)
    if answer.status == Status.OUT_OF_RESOURCES:
        return Answer(Status.UNABLE_TO_COUNT_MATCHES, answer.comment)
    return answer


class ToPeer:
    """A C-GET's way: on the same association, on contexts in which the peer is SCP (PS3.7 D.3.3.4)."""

    taking = None

    def __init__(self, sending: Sending, contexts: Mapping[int, Context]) -> None:
        self._sending = sending
        self._contexts = places(contexts)
        self._status: int | None = None

    def carry(self, instances: Iterator[pb.PlannedInstance]) -> Iterator[Step]:
        """One after the other."""
        for number, instance in enumerate(instances, 1):
            self._status = None
            try:
                way = self._sending.way(instance, self._contexts)
            except IsocenterError as error:
                log.warning("not_sent", reason=error.reason)
                way = None
            if way is not None:
                name = way.sop_instance_uid
                command = store_command(instance.sop_class_uid, name, (number - 1) % 0xFFFF + 1)
                yield Suboperation(way.context_id, command, way.data_set)
            yield instance, self._status

    def answered(self, command: CommandSet) -> None:
        """Keep the status."""
        self._status = number_in(command, Element.STATUS)

    def close(self) -> None:
        """The association is its peer's."""

"""The receive core: where every way in (DIMSE, STOW-RS, import, release) puts its data sets."""

from dataclasses import replace

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.buffers import Buffers
from isocenter.ingest.bulk_value import BulkValue
from isocenter.ingest.desk import Desk, ReceiveLimits, Said
from isocenter.ingest.digesting import Digesters
from isocenter.ingest.incoming import DatasetIncoming
from isocenter.ingest.part10_incoming import Part10Incoming
from isocenter.ingest.quarantine import AlreadyKept, Quarantine
from isocenter.ingest.sinks import Incoming
from isocenter.ingest.watermark import Marks, Watermark
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore

__all__ = ["Incoming", "Marks", "ReceiveLimits", "Receiver"]


class Receiver:
    """`sinks.Receiver`, and the same for whole files. One in a process; safe to use from many threads."""

    def __init__(
        self,
        objects: ObjectStore,
        acknowledger: Acknowledger,
        clock: Clock,
        *,
        marks: Marks | None = None,
        limits: ReceiveLimits | None = None,
    ) -> None:
        self._watermark = Watermark(objects.spool_free_bytes, marks)
        self._desk = Desk(
            objects,
            acknowledger,
            Quarantine(objects, acknowledger, clock),
            Digesters(),
            self._watermark,
            limits or ReceiveLimits(),
            Buffers(),
        )

    def accepting(self) -> bool:
        """Tell whether new associations and requests are welcome: False below the low mark."""
        return self._watermark.accepting()

    def free_bytes(self) -> int | None:
        """Room left, for showing; None where the store does not tell."""
        return self._watermark.free()

    def begin(
        self,
        sender: pb.Sender,
        transfer_syntax_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
    ) -> Incoming:
        """Open a place for one data set of a C-STORE command. Raises OutOfSpace, StorageFailed, Unavailable."""
        self._watermark.check()
        said = Said(sender, transfer_syntax_uid, sop_class_uid, sop_instance_uid)
        return DatasetIncoming(self._desk, said)

    def begin_part10(self, sender: pb.Sender, study_instance_uid: str = "") -> Incoming:
        """Open a place for one file. An instance of another study than the one given, if any, is refused.

        Raises OutOfSpace.
        """
        self._watermark.check()
        return Part10Incoming(self._desk, sender, study_instance_uid)

    def begin_again(self, sender: pb.Sender) -> Incoming:
        """As `begin_part10`, for a file out of quarantine: when it is refused again, it is not kept a second time."""
        self._watermark.check()
        return Part10Incoming(replace(self._desk, quarantine=AlreadyKept()), sender, "")

    def begin_bulk(self) -> BulkValue:
        """Open a place for a value that belongs to a data set still to be written. Raises OutOfSpace."""
        self._watermark.check()
        spool = self._desk.objects.spool()
        return BulkValue(spool, self._desk.writer(spool))

    def close(self) -> None:
        """End the digest threads, when nothing is being received any more."""
        self._desk.digesters.close()

"""What every data set that a process receives shares, and what is said of one before it comes."""

from dataclasses import dataclass, field

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.limits import ScanLimits
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.buffers import Buffers
from isocenter.ingest.digesting import Digesters
from isocenter.ingest.outcome import Finding
from isocenter.ingest.quarantine import AlreadyKept, Quarantine
from isocenter.ingest.spooling import SpoolWriter
from isocenter.ingest.watermark import Watermark
from isocenter.ports.objects import ObjectStore, Spool

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class ReceiveLimits:
    """Caps of one instance."""

    max_instance_bytes: int = 32 * GIB
    scan: ScanLimits = field(default_factory=ScanLimits)


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that receive together; all of them are safe to use from many threads."""

    objects: ObjectStore
    acknowledger: Acknowledger
    quarantine: Quarantine | AlreadyKept
    digesters: Digesters
    watermark: Watermark
    limits: ReceiveLimits
    buffers: Buffers

    def writer(self, spool: Spool) -> SpoolWriter:
        """Append to a spool within the limits."""
        return SpoolWriter(spool, self.buffers, self.watermark, self.limits.max_instance_bytes)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a data set: by a command, by File Meta, by a URL; empty where nothing was.

    `is_command`: the SOP class and instance come from a command, and a data set of others is refused; else they come
    from File Meta, and the data set's own count.
    """

    sender: pb.Sender
    transfer_syntax_uid: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    is_command: bool = True
    findings: tuple[Finding, ...] = ()

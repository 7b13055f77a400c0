"""The receive core on real adapters in one folder, and what it left there."""

from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import Message
from tests.support.part10 import SECONDARY_CAPTURE

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.events.entries import MESSAGES, EntryKind
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.receive import Marks, ReceiveLimits, Receiver
from isocenter.ports.journal import Entry, Position
from isocenter.runtime.clock import HybridClock

SENDER = pb.Sender(protocol="dimse", address="127.0.0.1", calling_ae_title="SCANNER")
NO_MARKS = Marks(0, 0)


@dataclass
class Core:
    """`chunk_bytes`: how a data set is cut when it is sent."""

    root: Path
    marks: Marks = NO_MARKS
    limits: ReceiveLimits = field(default_factory=ReceiveLimits)
    chunk_bytes: int = 16_384

    def __post_init__(self) -> None:
        self.clock = HybridClock()
        self.objects = FilesystemObjects(self.root)
        self.journal = FileJournal(self.root, self.clock)
        self.writer = self.journal.writer("ingest-1")
        self.told: list[tuple[Position, Entry, Message]] = []
        self.acknowledger = Acknowledger(self.objects, self.writer, self.clock, self.tell)
        self.receiver = Receiver(
            self.objects, self.acknowledger, self.clock, marks=self.marks, limits=self.limits
        )

    def tell(self, position: Position, entry: Entry, message: Message) -> None:
        self.told.append((position, entry, message))

    def store(
        self,
        data_set: bytes,
        sop: str,
        *,
        syntax: str = EXPLICIT_VR_LITTLE_ENDIAN,
        sop_class: str = SECONDARY_CAPTURE,
    ) -> Outcome:
        incoming = self.receiver.begin(SENDER, syntax, sop_class, sop)
        buffer = bytearray(self.chunk_bytes)
        for start in range(0, len(data_set), self.chunk_bytes):
            chunk = data_set[start : start + self.chunk_bytes]
            buffer[: len(chunk)] = chunk
            incoming.write(memoryview(buffer)[: len(chunk)])
        buffer[:] = bytes(len(buffer))
        return incoming.finish()

    def store_file(self, file: bytes, study: str = "", chunk_bytes: int = 100_000) -> Outcome:
        incoming = self.receiver.begin_part10(SENDER, study_instance_uid=study)
        for start in range(0, len(file), chunk_bytes):
            incoming.write(memoryview(file)[start : start + chunk_bytes])
        return incoming.finish()

    def entries(self, kind: EntryKind) -> list[Message]:
        return [
            MESSAGES[kind].FromString(record.entry.payload)
            for stream in self.journal.ends()
            for record in self.journal.read(stream)
            if record.entry.kind is kind
        ]

    def receipts(self) -> list[pb.Receipt]:
        return [m for m in self.entries(EntryKind.RECEIPT) if isinstance(m, pb.Receipt)]

    def quarantined(self) -> list[pb.Quarantine]:
        return [m for m in self.entries(EntryKind.QUARANTINE) if isinstance(m, pb.Quarantine)]

    def keys(self, prefix: str = "") -> list[str]:
        return [
            info.key for info in self.objects.list(prefix) if not info.key.startswith("journal/")
        ]

    def spooled(self) -> list[Path]:
        return list(self.root.rglob("*.part"))

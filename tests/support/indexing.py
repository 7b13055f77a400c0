"""An indexer on the real journal and the real index, with a wall clock that moves when told to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from google.protobuf.message import Message
from tests.support.data_sets import text

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader
from isocenter.adapters.journal.files import FileJournal
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.matching import SingleValue
from isocenter.dicom.uids import partition_of
from isocenter.events.entries import MESSAGES, EntryKind
from isocenter.events.event import Event
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.settings import IndexerSettings
from isocenter.ports.index import Query
from isocenter.ports.index_rows import InstanceState
from isocenter.ports.journal import Entry, Journal, JournalWriter, Position
from isocenter.runtime.clock import HybridClock

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG_LS = "1.2.840.10008.1.2.4.80"
CT = "1.2.840.10008.5.1.4.1.1.2"
START_MS = 1_767_225_600_000
KINDS = {message: kind for kind, message in MESSAGES.items()}


def receipt(
    sop: str = "1.2.3.1",
    *,
    study: str = "1.2.1",
    series: str = "1.2.2",
    patient: str = "4711",
    issuer: str = "",
    name: str = "Doe^Jane",
    syntax: str = EXPLICIT,
    variant: int = 0,
    number: int = 1,
    modality: str = "CT",
) -> entries.Receipt:
    """A receipt as ingest writes it; `variant` makes other bytes of the same identity."""
    head = (
        text(0x00080016, "UI", CT)
        + text(0x00080018, "UI", sop)
        + text(0x00080020, "DA", "20260102")
        + text(0x00080060, "CS", modality)
        + text(0x00081030, "LO", f"variant {variant}")
        + text(0x00100010, "PN", name)
        + text(0x00100020, "LO", patient)
        + (text(0x00100021, "LO", issuer) if issuer else b"")
        + text(0x0020000D, "UI", study)
        + text(0x0020000E, "UI", series)
        + text(0x00200013, "IS", str(number))
    )
    digest = sha256(syntax.encode() + head).hexdigest()
    return entries.Receipt(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=sop,
        sop_class_uid=CT,
        transfer_syntax_uid=syntax,
        digest=digest,
        object_key=f"instances/{study}/{series}/{sop}~{digest[:32]}.dcm",
        size_bytes=340 + len(head),
        dataset_offset=340,
        head=[entries.Piece(offset=340, content=head)],
        sender=entries.Sender(protocol="dimse", calling_ae_title="CT1", address="10.0.0.1"),
    )


def deletion(name: str, study: str = "1.2.1", series: str = "", sop: str = "") -> entries.Deletion:
    return entries.Deletion(
        deletion_id=name, study_instance_uid=study, series_instance_uid=series, sop_instance_uid=sop
    )


@dataclass
class World:
    """A site's journal and index in a folder. Writers are opened by name; their streams last as long as the world."""

    root: Path
    settle_s: float = 60.0
    default_issuer: str = ""
    now_ms: int = START_MS
    _writers: dict[str, JournalWriter] = field(default_factory=dict)
    _started: list[Indexer] = field(default_factory=list)
    _written: list[JournalWriter] = field(default_factory=list)
    _opened: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.root / "archive").mkdir(parents=True, exist_ok=True)
        self.clock = HybridClock(lambda: self.now_ms)
        self.journal = self.open_journal()
        self.generations = SqliteGenerations(self.root / "index")
        self.reader = SqliteReader(self.root / "index")

    def open_journal(self) -> Journal:
        journal = FileJournal(self.root / "archive", self.clock)
        self._opened.append(journal.close)
        return journal

    def start(self) -> Indexer:
        """A new indexer process; the one before is taken for killed."""
        settings = IndexerSettings(
            data_folder=self.root, settle_s=self.settle_s, default_issuer=self.default_issuer
        )
        started = Indexer(Ports(self.generations, self.journal, self.clock), settings)
        self._started.append(started)
        return started

    def close(self) -> None:
        """Let go of the files of all that was started, the killed included; nothing is looked at any more."""
        opened = [one.close for one in self._started] + [one.close for one in self._written]
        for close in (*opened, *self._opened, self.reader.close):
            with suppress(Exception):  # closed already, or its folder is gone
                close()

    def tell(self, *messages: Message, node: str = "ingest", version: int = 0) -> list[Position]:
        """Write entries of other services, in one commit."""
        written = [
            Entry(
                version or self.clock.version(),
                KINDS[type(message)],
                partition_of(getattr(message, "study_instance_uid", "") or "1"),
                message.SerializeToString(),
            )
            for message in messages
        ]
        if node not in self._writers:
            self._writers[node] = self.journal.writer(node)
            self._written.append(self._writers[node])
        return self._writers[node].append(written)

    def kill_writer(self, node: str) -> None:
        """The process is gone; the next one of its name has another stream."""
        del self._writers[node]

    def decisions(self, kind: EntryKind) -> list[Message]:
        """What the indexer wrote down, of one kind, in order of versions."""
        records = [
            record
            for stream in self.journal.ends()
            if stream.node == "indexer"
            for record in self.journal.read(stream)
            if record.entry.kind == kind
        ]
        records.sort(key=lambda record: record.entry.version)
        return [MESSAGES[kind].FromString(record.entry.payload) for record in records]

    def visible(self, study: str = "1.2.1") -> list[tuple[str, str]]:
        """(sop, digest) of what a reader sees."""
        return [(row.sop_instance_uid, row.digest) for row in self.reader.instances(study)]

    def states(self, *studies: str) -> list[InstanceState]:
        return sorted(
            (state for study in studies for state in self.reader.states(study)),
            key=lambda state: (state.sop_instance_uid, state.digest),
        )

    def answers(self, *studies: str) -> list[bytes]:
        """Every byte a search can return of these studies."""
        found: list[bytes] = []
        for study in studies:
            mine = (SingleValue("0020000D", "UI", (study,)),)
            for level in ("study", "series", "instance"):
                for full in (False, True):
                    query = Query(level, mine, full=full, limit=1000)
                    found += [match.content for match in self.reader.search(query)]
        return found


@contextmanager
def closing(indexer: Indexer) -> Iterator[Indexer]:
    try:
        yield indexer
    finally:
        indexer.close()


def say_all(indexer: Indexer) -> list[Event]:
    """What the service would publish now; taken for published."""
    events: list[Event] = []
    while sayings := indexer.unsaid():
        for saying in sayings:
            events += saying.events
            indexer.said(saying)
    return events


def names(events: Sequence[Event]) -> list[str]:
    return [event.fact.name for event in events]

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from isocenter.adapters.journal.files import FileJournal
from isocenter.api.journal.v1.entries_pb2 import Audit
from isocenter.dicom.uids import partition_of
from isocenter.errors import StorageFailed
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, JournalWriter, Position, Stream
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.metrics import METRICS

ADA = Caller("ada", "password", "192.0.2.7", frozenset())


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path, HybridClock())


@pytest.fixture
def writer(journal: FileJournal) -> Iterator[JournalWriter]:
    writer = journal.writer("web-0")
    yield writer
    writer.close()


def written(journal: FileJournal) -> list[tuple[Entry, Audit]]:
    return [
        (record.entry, Audit.FromString(record.entry.payload))
        for stream in journal.ends()
        for record in journal.read(stream)
    ]


def test_an_entry_says_who_what_which_study_and_what_came_of_it(
    journal: FileJournal, writer: JournalWriter
) -> None:
    auditor = Auditor(writer, HybridClock())
    auditor.record(ADA, Action.QUERY, "1.2", "allowed", "PatientName=DOE*")
    auditor.close(5)
    ((entry, audit),) = written(journal)
    assert entry.kind is EntryKind.AUDIT
    assert entry.partition == partition_of("1.2")
    assert audit == Audit(
        caller="ada", method="password", address="192.0.2.7", action="query",
        study_instance_uid="1.2", outcome="allowed", detail="PatientName=DOE*",
    )  # fmt: skip


def test_a_durable_entry_is_there_when_the_call_returns(
    journal: FileJournal, writer: JournalWriter
) -> None:
    auditor = Auditor(writer, HybridClock())
    auditor.record_durably(ADA, Action.DELETE, "1.2", "allowed")
    assert len(written(journal)) == 1
    auditor.close(5)


def test_retrievals_of_one_study_are_folded_by_the_minute(
    journal: FileJournal, writer: JournalWriter
) -> None:
    now = [1_000_000]
    auditor = Auditor(writer, HybridClock(lambda: now[0]))
    for _ in range(500):
        auditor.record(ADA, Action.RETRIEVE, "1.2", "allowed")
    auditor.record(ADA, Action.RETRIEVE, "1.3", "allowed")
    now[0] += 60_000
    auditor.record(ADA, Action.RETRIEVE, "1.2", "allowed")
    auditor.close(5)
    assert [audit.study_instance_uid for _, audit in written(journal)] == ["1.2", "1.3", "1.2"]


def test_many_entries_share_commits(journal: FileJournal, writer: JournalWriter) -> None:
    auditor = Auditor(writer, HybridClock())
    for number in range(1_000):
        auditor.record(ADA, Action.QUERY, "", "allowed", str(number))
    auditor.close(5)
    assert [audit.detail for _, audit in written(journal)] == [
        str(number) for number in range(1_000)
    ]
    assert max(journal.ends().values()) < 100


def test_hostile_values_are_bounded_and_encodable(
    journal: FileJournal, writer: JournalWriter
) -> None:
    auditor = Auditor(writer, HybridClock())
    auditor.record(ADA, Action.QUERY, "ä\udc80", "denied", "x" * 100_000)
    auditor.close(5)
    ((_, audit),) = written(journal)
    assert len(audit.detail) == 1_024


def test_loss_is_counted() -> None:
    class Failed:
        stream = Stream("web-0", "0" * 16)

        def append(self, entries: Sequence[Entry]) -> list[Position]:
            raise StorageFailed

        def close(self) -> None: ...

    before = METRICS.value("isocenter_audit_entries_total", outcome="lost")
    auditor = Auditor(Failed(), HybridClock())
    auditor.record(ADA, Action.QUERY, "", "allowed")
    auditor.close(5)
    assert METRICS.value("isocenter_audit_entries_total", outcome="lost") == before + 1
    with pytest.raises(StorageFailed):
        auditor.record_durably(ADA, Action.DELETE, "1.2", "allowed")

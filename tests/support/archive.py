"""A small archive without an indexer: real files in the real object store, their rows written straight to the index."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.part10 import digest_of

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader
from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.applying import gathered
from isocenter.dicom.header import scan
from isocenter.dicom.part10 import read_file_meta, write_file_meta
from isocenter.indexer.document import row_of
from isocenter.indexer.summary import patients_of, sum_up
from isocenter.ingest.outcome import Finding
from isocenter.ingest.receipt import build_receipt
from isocenter.ports.index_rows import HoldRow, IndexBatch, InstanceRow, SeriesRow, StudyRow
from isocenter.runtime.clock import HybridClock


@dataclass
class Archive:
    """What was put can be found and read at once; `rows` are those of the index."""

    root: Path
    rows: dict[str, InstanceRow] = field(default_factory=dict)
    _version: int = 1

    def __post_init__(self) -> None:
        for name in ("archive", "index"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.objects = FilesystemObjects(self.root / "archive")
        self.journal = FileJournal(self.root / "archive", HybridClock())
        self.index = SqliteGenerations(self.root / "index").open()
        self.reader = SqliteReader(self.root / "index")

    def put_file(self, path: Path) -> InstanceRow:
        """Store a Part 10 file as ingest would: its data set byte for byte below our File Meta."""
        return self.put(path.read_bytes())

    def put(self, content: bytes) -> InstanceRow:
        meta = read_file_meta(content)
        dataset = content[meta.dataset_offset :]
        header = scan(content, meta.dataset_offset, meta.transfer_syntax_uid)
        head = write_file_meta(
            header.sop_class_uid, header.sop_instance_uid, meta.transfer_syntax_uid
        )
        stored = head + dataset
        digest = digest_of(dataset, meta.transfer_syntax_uid)
        header = scan(stored, len(head), meta.transfer_syntax_uid)
        findings = [Finding(*finding) for finding in header.findings]
        receipt = build_receipt(
            header, digest, meta.transfer_syntax_uid, entries.Sender(protocol="import"), findings
        )
        receipt.size_bytes, receipt.dataset_offset = len(stored), len(head)
        self.objects.put(receipt.object_key, stored)
        self._version += 1
        row = replace(row_of(receipt, self._version, "test", ""), current=True)
        old = self.rows.get(row.sop_instance_uid)
        batch = IndexBatch(instances=[row])
        if old is not None and old.digest != row.digest:
            batch.instances.append(replace(old, current=False, version=self._version))
        self.index.write(batch)
        self.rows[row.sop_instance_uid] = row
        return row

    def put_all(self, paths: Iterable[Path]) -> list[InstanceRow]:
        """Store files and sum their studies up."""
        rows = [self.put_file(path) for path in paths]
        self.sum_up()
        return rows

    def sum_up(self, *, complete: bool = True) -> None:
        """Recompute the series and study rows of everything."""
        self._version += 1
        batch = IndexBatch()
        for study in sorted({row.study_instance_uid for row in self.rows.values()}):
            summaries = self.index.summarise(study)
            patients = patients_of(summaries, "")
            corrections = gathered(self.index.corrections, [study], patients)
            summed = sum_up(study, summaries, "", corrections)
            answer, document = summed.study.answer, summed.study.document
            batch.studies.append(
                StudyRow(
                    study,
                    self._version,
                    answer,
                    document,
                    summed.patient,
                    summed.instances,
                    0,
                    1,
                    complete=complete,
                    words=summed.words,
                    edit_version=summed.edit_version,
                )
            )
            batch.series += [
                SeriesRow(study, uid, self._version, one.answer, one.document)
                for uid, one in summed.series.items()
            ]
        self.index.write(batch)

    def hold(self, row: InstanceRow, reason: str = "instance_under_other_study") -> HoldRow:
        """Hide an instance and list it as held."""
        self._version += 1
        hold = HoldRow(
            f"{row.digest[:32]}-{row.version}",
            row.study_instance_uid,
            row.series_instance_uid,
            row.sop_instance_uid,
            row.digest,
            row.version,
            reason,
            "1.2.3",
            "1.2.3.4",
            "held",
        )
        hidden = replace(row, held=True, current=False, version=self._version)
        self.index.write(IndexBatch(instances=[hidden], holds=[hold]))
        return hold

    def delete(self, row: InstanceRow) -> None:
        """Hide an instance for good; its bytes stay."""
        self._version += 1
        gone = replace(row, deleted=True, current=False, version=self._version)
        self.index.write(IndexBatch(instances=[gone]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reader.close()
        self.index.close()

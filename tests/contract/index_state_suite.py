"""What else an index promises: lists of decisions, positions, what readers see of writers, generations."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.contract.index_search_suite import Opened
from tests.contract.index_write_suite import NOTHING
from tests.support.corrections import patient_row, row
from tests.support.index_rows import Study, batch_of, digest_of, instance_row, study_row

from isocenter.dicom.matching import Match, SingleValue
from isocenter.errors import Unavailable
from isocenter.ports.index import Among, IndexReader, Level, MetadataIndex, Query
from isocenter.ports.index_rows import DeletionRow, HoldRow, IndexBatch, QuarantineRow
from isocenter.ports.journal import Stream

STREAM = Stream("node-1", "0123456789abcdef")


def deletion(number: int, study: str = "1.2") -> DeletionRow:
    return DeletionRow(f"deletion-{number}", study, "", "", number, "me", "wrong", 99, "deleted")


def hold(number: int, study: str = "1.2") -> HoldRow:
    return HoldRow(
        hold_id=f"hold-{number}",
        study_instance_uid=study,
        series_instance_uid="1.2.1",
        sop_instance_uid="1.2.1.1",
        digest=digest_of(number),
        receipt_version=7,
        reason="other patient",
        standing_study_instance_uid="1.3",
        standing_series_instance_uid="1.3.1",
        state="held",
    )


def quarantine(number: int, repeats: int = 1) -> QuarantineRow:
    return QuarantineRow(
        digest=digest_of(number),
        object_key="quarantine/x.bin",
        size_bytes=10,
        reason="NO_UID",
        message="no UID",
        transfer_syntax_uid="1.2.840.10008.1.2",
        sop_instance_uid="",
        study_instance_uid="1.2",
        sender="AE",
        version=5,
        repeats=repeats,
        state="quarantined",
    )


class IndexStateSuite:
    """Mixed into IndexSuite, whose fixtures it uses."""

    def test_its_one_writer_may_decide(self, index: MetadataIndex, reader: IndexReader) -> None:
        index.check_writer()
        index.write(IndexBatch(positions={STREAM: 1}))
        index.check_writer()
        assert index.is_local == reader.is_local

    def test_corrections_are_read_by_what_they_are_about_in_the_order_they_were_made(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        made = [
            row(2, PatientName="B"),
            row(1, series="1.2.2", SeriesDescription="a"),
            patient_row(3, "HERE|1", to="|2"),
            row(4, study="1.9", PatientName="C"),
        ]
        before = reader.generation()
        index.write(IndexBatch(corrections=made))
        assert reader.generation() > before
        assert reader.corrections(["study:1.2.1", "patient:HERE|1"]) == [made[1], made[0], made[2]]
        assert index.corrections(["study:1.2.1"]) == [made[1], made[0]]
        assert reader.corrections(["study:1.2", "patient:|1"]) == reader.corrections([]) == []
        undone = replace(made[0], undone_version=9, undone_by="you")
        index.write(IndexBatch(corrections=[undone]))
        assert reader.correction(undone.correction_id) == undone
        assert reader.corrections(["study:1.2.1"]) == [made[1], undone]
        assert reader.correction("nothing") is None

    def test_the_edit_of_a_study_is_told_at_every_level(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        batch = batch_of([Study("1.2")])
        batch.studies = [replace(study, edit_version=7) for study in batch.studies]
        index.write(batch)
        levels: tuple[Level, ...] = ("study", "series", "instance")
        for query in (Query(level, full=full) for level in levels for full in (False, True)):
            assert [found.edit_version for found in reader.search(query)] == [7]

    def test_decisions_are_listed_by_state_in_pages(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        index.write(
            IndexBatch(
                deletions=[deletion(n) for n in (1, 2, 3)],
                holds=[hold(1), hold(2), hold(3, study="1.9")],
                quarantines=[quarantine(1), quarantine(2), quarantine(2, repeats=4)],
            )
        )
        assert reader.totals() == NOTHING | {"holds": 3, "quarantines": 2, "deletions": 3}
        assert reader.holds(limit=2) == [hold(1), hold(2)]
        assert (
            reader.holds(limit=2, after="hold-2")
            == reader.holds(study="1.9")
            == [hold(3, study="1.9")]
        )
        assert reader.quarantines() == [quarantine(1), quarantine(2, repeats=4)]
        assert not (reader.quarantines(study="1.9") or reader.holds(state="released"))
        assert reader.deletions(after="deletion-1") == [deletion(2), deletion(3)]

    def test_a_decision_changes_its_state(self, index: MetadataIndex, reader: IndexReader) -> None:
        index.write(
            IndexBatch(
                deletions=[deletion(1), deletion(2)], holds=[hold(1)], quarantines=[quarantine(1)]
            )
        )
        released = replace(hold(1), state="released", handled_version=12)
        index.write(
            IndexBatch(
                deletions=[
                    replace(deletion(1), state="undeleted"),
                    replace(deletion(2), state="purged"),
                ],
                holds=[released],
                quarantines=[replace(quarantine(1), state="dropped")],
            )
        )
        assert index.hold("hold-1") == released
        assert index.deletion("deletion-1") == replace(deletion(1), state="undeleted")
        assert index.quarantine(digest_of(1)) == replace(quarantine(1), state="dropped")
        assert index.deletions_of(["1.2", "1.9"]) == {"1.2": [replace(deletion(2), state="purged")]}
        assert reader.totals() == NOTHING

    def test_positions_never_step_back(self, index: MetadataIndex, reader: IndexReader) -> None:
        other = Stream("node-2", "0" * 16)
        index.write(IndexBatch(positions={STREAM: 5}))
        index.write(IndexBatch(positions={STREAM: 3, other: 1}))
        assert reader.positions() == index.positions() == {STREAM: 5, other: 1}

    def test_positions_alone_are_no_news(self, index: MetadataIndex, reader: IndexReader) -> None:
        before = reader.generation()
        index.write(IndexBatch(positions={STREAM: 5}))
        assert reader.generation() == before
        index.write(IndexBatch(studies=[study_row("1.1")], positions={STREAM: 6}))
        assert reader.generation() > before

    def test_a_circle_of_patients_and_studies_limits_every_search(
        self, opened: Opened, index: MetadataIndex, reader: IndexReader
    ) -> None:
        owners = {"1.1": "NORTH|12345", "1.2": "SOUTH|12345", "1.3": "NORTH|12345", "1.4": ""}
        for study, patient in owners.items():
            index.write(
                IndexBatch([instance_row(study)], studies=[study_row(study, patient=patient)])
            )
        opened.settle()

        def found(circle: Among, *conditions: Match) -> list[str]:
            query = Query("study", conditions, among=circle)
            assert reader.count(query) == len(reader.search(query))
            return sorted(one.study_instance_uid for one in reader.search(query))

        assert found(Among(("NORTH|12345",))) == ["1.1", "1.3"]
        assert found(Among(("NORTH|12345",), ("1.4",))) == ["1.1", "1.3", "1.4"]
        assert found(Among(("NORTH|1234",))) == found(Among()) == []
        mine = SingleValue("0020000D", "UI", ("1.2", "1.3"))
        assert found(Among(("NORTH|12345",)), mine) == ["1.3"]
        below = reader.search(Query("instance", among=Among(("SOUTH|12345",))))
        assert [one.study_instance_uid for one in below] == ["1.2"]

    def test_a_reader_sees_a_write_at_its_next_call(
        self, opened: Opened, index: MetadataIndex, reader: IndexReader
    ) -> None:
        seen = [reader.generation()]
        for number in range(1, 6):
            index.write(
                IndexBatch([instance_row(f"1.{number}")], studies=[study_row(f"1.{number}")])
            )
            opened.settle()
            assert reader.count(Query("study")) == len(reader.search(Query("study"))) == number
            seen.append(reader.generation())
        assert seen == sorted(set(seen))

    def test_readers_move_to_a_new_generation_within_a_second_and_never_fail(
        self, opened: Opened, index: MetadataIndex
    ) -> None:
        index.write(batch_of([Study("1.1"), Study("1.2")]))
        opened.settle()
        stop, counts, reader = threading.Event(), list[int](), opened.reader()

        def read() -> int:
            while not stop.is_set():
                counts.append(reader.count(Query("study")))
            return reader.generation()

        with ThreadPoolExecutor(2) as pool:
            before = reader.generation()
            reading = [pool.submit(read) for _ in range(2)]
            fresh = opened.generations.create()
            fresh.write(batch_of([Study(f"1.{number}") for number in range(1, 4)]))
            assert opened.generations.serves(index)
            opened.generations.swap(fresh)
            swapped = time.monotonic()
            while counts[-1] != 3 and time.monotonic() < swapped + 5:
                pass
            took = time.monotonic() - swapped
            stop.set()
            assert all(done.result() > before for done in reading)
        assert set(counts) == {2, 3}
        assert took < 1.0
        assert opened.generations.serves(fresh)
        assert not opened.generations.serves(index)
        with pytest.raises(Unavailable):
            index.write(batch_of([Study("1.9")]))
        fresh.close()

    def test_an_unfinished_generation_is_dropped_by_the_next(
        self, opened: Opened, index: MetadataIndex
    ) -> None:
        index.write(batch_of([Study("1.1")]))
        unfinished = opened.generations.create()
        unfinished.write(batch_of([Study("1.2"), Study("1.3")]))
        unfinished.close()
        fresh = opened.generations.create()
        assert fresh.totals() == NOTHING
        fresh.close()
        again = opened.generations.open()
        assert again.totals()["studies"] == 1
        again.close()

    def test_a_closed_index_is_unavailable(self, opened: Opened) -> None:
        index = opened.generations.open()
        reader = opened.reader()
        index.close()
        reader.close()
        index.close()
        reader.close()
        with pytest.raises(Unavailable):
            reader.totals()
        with pytest.raises(Unavailable):
            index.totals()

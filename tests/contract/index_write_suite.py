"""What writing promises: versions, claims, what hides and shows, recomputing, positions, generations."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.index_search_suite import Opened
from tests.support.index_rows import (
    Study,
    batch_of,
    digest_of,
    element,
    instance_row,
    name,
    series_row,
    study_row,
)

from isocenter.dicom.matching import PersonName
from isocenter.ports.index import IndexReader, MetadataIndex, Query
from isocenter.ports.index_rows import Claim, Flags, IndexBatch, InstanceRow
from isocenter.ports.journal import Position, Stream

STREAM = Stream("node-1", "0123456789abcdef")
NOTHING = {"studies": 0, "series": 0, "instances": 0, "holds": 0, "quarantines": 0, "deletions": 0}


def flags(
    row: InstanceRow, *, current: bool = True, held: bool = False, deleted: bool = False
) -> Flags:
    return Flags(row.sop_instance_uid, row.digest, current, held, deleted)


class IndexWriteSuite:
    def make(self) -> Opened:
        raise NotImplementedError

    @pytest.fixture
    def opened(self) -> Opened:
        return self.make()

    @pytest.fixture
    def index(self, opened: Opened) -> Iterator[MetadataIndex]:
        index = opened.generations.open()
        yield index
        index.close()

    @pytest.fixture
    def reader(self, opened: Opened, index: MetadataIndex) -> Iterator[IndexReader]:
        reader = opened.reader()
        yield reader
        reader.close()

    def test_an_empty_index_answers_with_nothing(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        assert reader.search(Query("study")) == []
        assert reader.study("1.2") is None
        assert not (reader.instances("1.2") or reader.states("1.2") or reader.positions())
        assert reader.totals() == NOTHING
        assert not (index.known(["1.2.1.1"]) or index.standing(["sop:1"]) or index.claim([]))
        assert not (
            index.summarise("1.2")
            or index.claims_of("1.2")
            or index.dirty(99)
            or index.unsettled(99)
        )
        assert not (
            index.row("1.2.1.1", digest_of(1))
            or index.hold("x")
            or index.deletion("x")
            or index.quarantine("x")
        )

    def test_rows_come_back_as_they_were_written(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        instance = replace(instance_row(), object_key="somewhere/else.dcm", deflated=True)
        study = study_row(
            completed_at=Position("node-1", "0" * 16, 7, 2),
            complete=True,
            revision=3,
            provisional=True,
        )
        index.write(IndexBatch(instances=[instance], series=[series_row()], studies=[study]))
        assert reader.instances("1.2") == reader.instances("1.2", "1.2.1", "1.2.1.1") == [instance]
        assert reader.instances("1.2", "1.2.9") == reader.instances("1.9") == []
        assert index.row("1.2.1.1", digest_of(1)) == instance
        assert reader.study("1.2") == study
        (state,) = reader.states("1.2")
        assert index.known(["1.2.1.1", "1.9"]) == {"1.2.1.1": [state]}
        assert (state.version, state.receipts, state.current) == (1, ((1, "node-1"),), True)
        assert reader.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}

    def test_instances_come_by_series_number_instance_number_and_uid(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        placed = [
            ("1.2.1", 2, 10),
            ("1.2.1", 2, 9),
            ("1.2.2", 1, 5),
            ("1.2.2", 1, None),
            ("1.2.2", 1, 5),
        ]
        rows = [
            instance_row("1.2", series, f"1.2.9.{place}", number=number)
            for place, (series, _, number) in enumerate(placed)
        ]
        numbered = [
            series_row("1.2", uid, {"00200011": element("IS", n)})
            for uid, n in (("1.2.1", 2), ("1.2.2", 1))
        ]
        index.write(IndexBatch(instances=rows, series=numbered, studies=[study_row()]))
        got = [row.sop_instance_uid.rsplit(".", 1)[1] for row in reader.instances("1.2")]
        assert got == ["3", "2", "4", "1", "0"]

    def test_an_older_version_never_replaces_a_newer_one(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        new = IndexBatch(
            [instance_row(version=5)],
            series=[series_row(version=5)],
            studies=[study_row(version=5)],
        )
        index.write(new)
        before = reader.instances("1.2"), reader.study("1.2"), reader.search(Query("series"))
        old = IndexBatch(
            [instance_row(version=4, held=True)],
            series=[series_row(document={"00080060": element("CS", "CT")}, version=4)],
            studies=[study_row(document={"00100010": name("Old")}, version=4)],
        )
        index.write(old)
        assert (
            reader.instances("1.2"),
            reader.study("1.2"),
            reader.search(Query("series")),
        ) == before
        assert reader.search(Query("study", (PersonName("00100010", "old"),))) == []

    def test_versions_of_two_nodes_are_ordered_by_node(self, index: MetadataIndex) -> None:
        for node in ("b", "a"):
            index.write(IndexBatch([instance_row(version=5, node=node)]))
        assert index.known(["1.2.1.1"])["1.2.1.1"][0].node == "b"

    def test_odd_texts_in_a_document_do_not_stop_the_writer(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        broken = "A\\u0000\\ud800\\ud83d"
        document = b'{"00100010":{"vr":"PN","Value":[{"Alphabetic":"%s"}]},"00081030":{"vr":"LO","Value":["%s"]}'
        odd = b',"00100020":null,"00080020":{"vr":"DA","Value":[null]},"00201206":{"Value":["1e999"]},"00080030":{}}'
        content = (document + odd) % (broken.encode(), broken.encode())
        index.write(IndexBatch([instance_row()], studies=[replace(study_row(), document=content)]))
        assert [found.study_instance_uid for found in reader.search(Query("study"))] == ["1.2"]
        assert reader.count(Query("study", (PersonName("00100010", "a*"),))) == 1

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(order=st.permutations([1, 1, 2, 2, 3, 3]))
    def test_repeated_and_reordered_writes_converge(self, order: list[int]) -> None:
        index = self.make().generations.open()
        for version in order:
            document = {
                "00100010": name(f"Name{version}"),
                "00080061": element("CS", f"M{version}"),
            }
            index.write(batch_of([Study("1.2", document)], version))
        assert index.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}
        assert index.row("1.2.1.1", digest_of(1)) == instance_row(version=3)
        for version in (1, 2, 3):
            assert index.count(Query("study", (PersonName("00100010", f"name{version}"),))) == (
                version == 3
            )
        index.close()

    def test_a_subject_is_given_to_exactly_one_of_many_threads(self, opened: Opened) -> None:
        indexes = [opened.generations.open() for _ in range(4)]
        start = threading.Barrier(len(indexes))

        def claim(place: int) -> list[dict[str, str]]:
            start.wait()
            return [
                indexes[place].claim(
                    [
                        Claim(f"sop:{n}", f"owner-{place}", "1.2"),
                        Claim(f"study:{n}", f"owner-{place}", "1.2"),
                    ]
                )
                for n in range(50)
            ]

        with ThreadPoolExecutor(len(indexes)) as pool:
            told = list(pool.map(claim, range(len(indexes))))
        assert all(answers == told[0] for answers in told)
        assert len(indexes[0].claims_of("1.2")) == 100
        for index in indexes:
            index.close()

    def test_a_claim_stands_until_it_is_freed(self, index: MetadataIndex) -> None:
        assert index.claim([Claim("sop:1", "a", "1.2")]) == {"sop:1": "a"}
        assert index.claim([Claim("sop:1", "b", "1.3"), Claim("sop:2", "b", "1.3")]) == {
            "sop:1": "a",
            "sop:2": "b",
        }
        assert index.standing(["sop:1", "sop:3"]) == {"sop:1": "a"}
        assert index.claims_of("1.2") == [Claim("sop:1", "a", "1.2")]
        index.write(IndexBatch(freed_claims=["sop:1"]))
        assert index.claim([Claim("sop:1", "b", "1.3")]) == {"sop:1": "b"}

    def test_flags_hide_and_show_an_instance(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        row = instance_row()
        index.write(IndexBatch([row], series=[series_row()], studies=[study_row()]))
        for hidden in (flags(row, current=False), flags(row, held=True), flags(row, deleted=True)):
            index.write(IndexBatch(flags=[hidden]))
            assert not (reader.instances("1.2") or reader.search(Query("instance")))
            assert not index.summarise("1.2")
            assert reader.totals()["instances"] == 0
            assert [s.digest for s in reader.states("1.2")] == [row.digest]
            index.write(IndexBatch(flags=[flags(row)]))
            assert reader.instances("1.2") == [row]
            assert reader.count(Query("instance")) == reader.totals()["instances"] == 1

    def test_of_two_digests_of_one_uid_only_the_current_one_shows(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        first, second = (
            instance_row(digest=1, version=1, current=False),
            instance_row(digest=2, version=2),
        )
        index.write(IndexBatch([first, second], series=[series_row()], studies=[study_row()]))
        assert reader.instances("1.2") == [second]
        assert len(index.known(["1.2.1.1"])["1.2.1.1"]) == 2

    def test_gone_series_and_studies_are_not_found_until_written_anew(
        self, index: MetadataIndex, reader: IndexReader
    ) -> None:
        study = Study(
            "1.2",
            {
                "00100010": name("Gone"),
                "00080061": element("CS", "CT"),
                "00081030": element("LO", "Gone"),
            },
        )
        index.write(batch_of([study]))
        index.write(IndexBatch(gone_series=[("1.2", "1.2.1")]))
        assert reader.search(Query("series")) == []
        index.write(IndexBatch(gone_studies=["1.2"]))
        assert reader.study("1.2") is None
        assert not (reader.search(Query("study")) or index.unsettled(9_999_999))
        assert reader.totals() == NOTHING | {"instances": 1}
        index.write(batch_of([study], version=2))
        assert reader.count(Query("study", (PersonName("00100010", "g*"),))) == 1
        assert reader.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}

    def test_purged_rows_are_forgotten(self, index: MetadataIndex, reader: IndexReader) -> None:
        index.write(batch_of([Study("1.2"), Study("1.3")]))
        batch = IndexBatch(
            gone_studies=["1.2"], gone_series=[("1.2", "1.2.1")], purged=[("1.2.1.1", digest_of(1))]
        )
        for _ in range(2):
            index.write(batch)
            assert reader.states("1.2") == []
            assert index.known(["1.2.1.1"]) == {}
            assert reader.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}
        index.write(batch_of([Study("1.2")]))
        assert reader.totals()["studies"] == 2

    def test_a_dirty_study_is_listed_until_its_row_is_written(self, index: MetadataIndex) -> None:
        index.write(IndexBatch(dirty_studies=[("1.2", 500), ("1.3", 300), ("1.4", 900)]))
        index.write(IndexBatch(dirty_studies=[("1.2", 700)]))
        assert index.dirty(800) == ["1.3", "1.2"]
        assert index.dirty(800, limit=1) == ["1.3"]
        index.write(
            IndexBatch([instance_row("1.3")], studies=[study_row("1.3")], gone_studies=["1.4"])
        )
        assert index.dirty(9_999) == ["1.2"]

    def test_unsettled_studies_are_those_quiet_and_not_complete(self, index: MetadataIndex) -> None:
        rows = [
            study_row("1.1", last_change_ms=300),
            study_row("1.2", last_change_ms=100),
            study_row("1.3", last_change_ms=200, complete=True),
            study_row("1.4", last_change_ms=900),
        ]
        index.write(IndexBatch(studies=rows))
        assert index.unsettled(500) == [rows[1], rows[0]]
        assert index.unsettled(500, limit=1) == [rows[1]]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        drawn=st.lists(
            st.tuples(
                st.integers(1, 3),
                st.integers(1, 4),
                st.integers(1, 2),
                st.integers(1, 9),
                st.booleans(),
            ),
            max_size=25,
        )
    )
    def test_a_summary_equals_a_recount(self, drawn: list[tuple[int, int, int, int, bool]]) -> None:
        index = self.make().generations.open()
        newest: dict[tuple[str, str], InstanceRow] = {}
        for series, sop, digest, version, visible in drawn:
            uid = f"1.2.{series}"
            row = instance_row(
                "1.2", uid, f"{uid}.{sop}", digest=digest, version=version, held=not visible
            )
            row = replace(row, sop_class_uid=f"1.{digest}")
            key = (row.sop_instance_uid, row.digest)
            if key not in newest or newest[key].version <= version:
                newest[key] = row
            index.write(IndexBatch([row]))
        shown = [row for row in newest.values() if not row.held]
        summaries = index.summarise("1.2")
        assert [s.series_instance_uid for s in summaries] == sorted(
            {r.series_instance_uid for r in shown}
        )
        for summary in summaries:
            rows = [row for row in shown if row.series_instance_uid == summary.series_instance_uid]
            first = min(rows, key=lambda row: (row.first_version, row.sop_instance_uid, row.digest))
            assert summary.instances == len(rows)
            assert summary.version == max(row.version for row in rows)
            assert summary.sop_class_uids == tuple(sorted({row.sop_class_uid for row in rows}))
            assert (summary.representative, summary.first_version) == (
                first.document,
                first.first_version,
            )
        index.close()

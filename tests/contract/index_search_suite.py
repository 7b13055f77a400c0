"""What searching promises: the matching of PS3.4 C.2.2.2 at every level, order, paging, what an answer holds."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from tests.contract.name_vectors import NAME_VECTORS, NAMES, YAMADA
from tests.contract.vectors.book import CHAPTERS
from tests.contract.vectors.chapter import Chapter
from tests.contract.vectors.sequences import SEQUENCES
from tests.support.index_queries import keys, studies
from tests.support.index_rows import Document, Study, batch_of, element, name
from tests.support.reference_matcher import Key, matches

from isocenter.dicom.matching import InSequence, Match, SingleValue, combine, parse
from isocenter.dicomweb.qido_parameters import search_parameters
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Found, IndexGenerations, IndexReader, Level, Query
from isocenter.ports.index_rows import IndexBatch

Below = tuple[Document, list[Document]]
LEVELS: tuple[Level, ...] = ("study", "series", "instance")


@dataclass(frozen=True)
class Opened:
    """An empty index; `settle` makes what was written searchable."""

    generations: IndexGenerations
    reader: Callable[[], IndexReader]
    settle: Callable[[], None] = lambda: None


def condition(tag: str, vr: str, value: str | tuple[Key, ...]) -> Match | None:
    if isinstance(value, str):
        return parse(tag, vr, value)
    inside = conditions(*value)
    return InSequence(tag, inside) if inside else None


def conditions(*asked: Key) -> tuple[Match, ...]:
    read = [condition(*key) for key in asked]
    return combine(match for match in read if match is not None)


def uid_of(found: Found) -> str:
    return found.sop_instance_uid or found.series_instance_uid or found.study_instance_uid


def found_by(reader: IndexReader, level: Level, *asked: Key) -> list[str]:
    query = Query(level, conditions(*asked), limit=1000)
    found = [uid_of(one) for one in reader.search(query)]
    assert reader.count(query) == len(found)
    return found


class IndexSearchSuite:
    def make(self) -> Opened:
        raise NotImplementedError

    def filled(self, *described: Study) -> IndexReader:
        opened = self.make()
        index = opened.generations.open()
        index.write(batch_of(described))
        index.close()
        opened.settle()
        return opened.reader()

    def test_any_name_of_a_study_is_matched_like_the_patients(self) -> None:
        reader = self.filled(
            *(Study(uid, {"00080090": text, "00081050": text}) for uid, text in NAMES.items())
        )
        for tag in ("00080090", "00081050"):
            got = [
                (key, sorted(found_by(reader, "study", (tag, "PN", key))))
                for key, _ in NAME_VECTORS
            ]
            assert got == NAME_VECTORS

    @pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
    def test_every_vector_finds_what_it_should_and_is_counted(self, chapter: Chapter) -> None:
        reader = self.filled(*chapter.studies)
        got = []
        for vector in chapter.vectors:
            found = [uid_of(one) for one in reader.search(vector.query)]
            assert reader.count(vector.query) == len(found), vector
            got.append(replace(vector, found=tuple(sorted(found))))
        assert got == list(chapter.vectors)

    def test_pages_of_a_search_inside_sequences_are_cut_like_any(self) -> None:
        chapter = SEQUENCES
        reader = self.filled(*chapter.studies)
        step = search_parameters([("RequestAttributesSequence.00400009", "S?")]).conditions
        whole = [uid_of(one) for one in reader.search(Query("series", step))]
        pages = [reader.search(Query("series", step, limit=2, offset=at)) for at in (0, 2, 4)]
        assert [uid_of(one) for page in pages for one in page] == whole
        assert list(map(len, pages)) == [2, 1, 0]
        newest = Query("series", step, order=("-00080060", "0020000E"))
        assert sorted(uid_of(one) for one in reader.search(newest)) == sorted(whole)

    def test_a_sequence_of_very_many_items_is_looked_into_to_its_end(self) -> None:
        frames = [{"00081155": element("UI", f"9.{number}")} for number in range(1, 700)]
        many: Document = {"00081140": element("SQ", *frames)}
        reader = self.filled(Study("1.1", {}, [({}, [many, {}])]))
        way = "ReferencedImageSequence.ReferencedSOPInstanceUID"
        for wanted, found in (("9.699", ["1.1.1.1"]), ("9.700", [])):
            query = Query("instance", search_parameters([(way, wanted)]).conditions)
            assert [uid_of(one) for one in reader.search(query)] == found
            assert reader.count(query) == len(found)

    def test_words_sounds_and_requests_are_those_of_what_was_written_last(self) -> None:
        opened = self.make()
        index = opened.generations.open()

        def write(person: str, step: str, version: int) -> None:
            asked_as = {"00400275": element("SQ", {"00400009": element("SH", step)})}
            study = Study("1.1", {"00100010": name(person)}, [(asked_as, [{}])])
            index.write(batch_of([study], version=version))

        def found(person: str, step: str) -> list[int]:
            opened.settle()
            fuzzy = [("PatientName", person), ("fuzzymatching", "true")]
            steps = search_parameters([("00400275.00400009", step)]).conditions
            queries = (
                Query("study", words=(person,)),
                Query("study", search_parameters(fuzzy).conditions),
                Query("series", steps),
            )
            return [len(index.search(query)) for query in queries]

        write("Meyer", "S1", 1)
        assert found("meyer", "S1") == [1, 1, 1]
        write("Schmidt", "S2", 2)
        assert (found("meyer", "S1"), found("schmidt", "S2")) == ([0, 0, 0], [1, 1, 1])
        index.write(IndexBatch(gone_series=[("1.1", "1.1.1")], gone_studies=["1.1"]))
        assert found("schmidt", "S2") == [0, 0, 0]
        write("Schmidt", "S2", 3)
        assert found("schmidt", "S2") == [1, 1, 1]
        index.close()

    def test_lower_levels_are_found_by_their_own_attributes_and_those_above(self) -> None:
        head: Below = (
            {"00080060": element("CS", "CT"), "00200011": element("IS", 2)},
            [{}, {"00280010": element("US", 64)}],
        )
        body: Below = ({"00080060": element("CS", "MR"), "00080070": element("LO", "Maker")}, [{}])
        reader = self.filled(
            Study("1.1", {"00100010": YAMADA, "00100020": element("LO", "P1")}, [head, body]),
            Study("1.2", {"00100020": element("LO", "P2")}, [body]),
        )
        patient, modality = ("00100020", "LO", "P1"), ("00080060", "CS", "MR")
        assert found_by(reader, "series", patient, modality) == ["1.1.2"]
        assert sorted(found_by(reader, "series", modality)) == ["1.1.2", "1.2.1"]
        assert found_by(reader, "series", ("00200011", "IS", "2")) == ["1.1.1"]
        assert found_by(reader, "series", ("0020000E", "UI", "1.2.1")) == ["1.2.1"]
        assert sorted(found_by(reader, "series", ("00080070", "LO", "Mak*"))) == ["1.1.2", "1.2.1"]
        assert found_by(reader, "instance", patient, ("00280010", "US", "64")) == ["1.1.1.2"]
        assert found_by(reader, "instance", ("00080018", "UI", "1.2.1.1")) == ["1.2.1.1"]
        assert found_by(
            reader, "instance", ("00100010", "PN", "太郎"), ("00200013", "IS", "1")
        ) == ["1.1.2.1", "1.1.1.1"]
        assert (
            len(found_by(reader, "instance", ("00080016", "UI", "1.2.840.10008.5.1.4.1.1.2"))) == 4
        )

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(described=studies(), asked=keys())
    def test_random_searches_agree_with_the_reference(
        self, described: list[Study], asked: list[list[Key]]
    ) -> None:
        reader = self.filled(*described)
        for one in asked:
            for level in LEVELS:
                documents = [pair for study in described for pair in study.documents(level)]
                expected = sorted(uid for uid, document in documents if matches(document, one))
                assert sorted(found_by(reader, level, *one)) == expected, (level, one)
        reader.close()

    def test_studies_come_newest_first_and_then_by_uid(self) -> None:
        days = {
            "1.1": "20200101",
            "1.2": "20240101",
            "1.3": None,
            "1.4": "20240101",
            "1.5": "20220101",
        }
        reader = self.filled(
            *(
                Study(uid, {"00080020": element("DA", day)} if day else {})
                for uid, day in days.items()
            )
        )
        assert found_by(reader, "study") == ["1.2", "1.4", "1.5", "1.1", "1.3"]
        assert [uid.rsplit(".", 1)[0] for uid in found_by(reader, "series")] == found_by(
            reader, "study"
        )

    def test_any_column_can_give_the_order_and_uids_break_ties(self) -> None:
        reader = self.filled(
            Study("1.1", {"00100020": element("LO", "B"), "00100010": name("Émile")}),
            Study("1.2", {"00100020": element("LO", "A"), "00100010": name("zoë")}),
            Study("1.3", {"00100020": element("LO", "B"), "00100010": name("Fritz")}),
        )

        def ordered(*order: str, level: Level = "study") -> list[str]:
            return [found.study_instance_uid for found in reader.search(Query(level, order=order))]

        assert ordered("00100020") == ["1.2", "1.1", "1.3"]
        assert ordered("-00100020") == ["1.1", "1.3", "1.2"]
        assert ordered("-00100020", "-00100010") == ["1.3", "1.1", "1.2"]
        assert ordered("00100010") == ["1.1", "1.3", "1.2"]
        assert ordered("00100020", level="instance") == ["1.2", "1.1", "1.3"]
        with pytest.raises(InvalidRequest):
            ordered("00280010")

    @pytest.mark.parametrize("level", LEVELS)
    def test_pages_are_never_short_and_repeat_nothing(self, level: Level) -> None:
        described = [
            Study(
                f"1.{number}",
                {"00080020": element("DA", f"2024010{number % 3 + 1}")},
                [({}, [{}, {}])] * 2,
            )
            for number in range(1, 24)
        ]
        reader = self.filled(*described)
        whole = found_by(reader, level)
        pages = [
            [uid_of(found) for found in reader.search(Query(level, limit=7, offset=offset))]
            for offset in range(0, len(whole) + 7, 7)
        ]
        assert [uid for page in pages for uid in page] == whole
        assert len(whole) == len(set(whole)) == {"study": 23, "series": 46, "instance": 92}[level]
        assert all(len(page) == 7 for page in pages[: len(whole) // 7])

    def test_counting_stops_where_it_is_told(self) -> None:
        reader = self.filled(*(Study(f"1.{number}") for number in range(1, 9)))
        assert reader.count(Query("study", limit=2, offset=3)) == 8
        assert reader.count(Query("study"), 5) == 5

    def test_answers_across_studies_carry_what_is_above_them(self) -> None:
        study = Study(
            "1.1",
            {"00100020": element("LO", "P1"), "00101010": element("AS", "030Y")},
            [
                (
                    {"00080060": element("CS", "CT")},
                    [{"00280010": element("US", 64), "00080008": element("CS", "ORIGINAL")}],
                )
            ],
        )
        reader = self.filled(study)

        def tags(query: Query) -> set[str]:
            (found,) = reader.search(query)
            return set(json.loads(found.content))

        assert tags(Query("study")) == {"0020000D", "00209999"}
        assert tags(Query("study", full=True)) == {"0020000D", "00100020", "00101010"}
        assert tags(Query("series")) == {"0020000D", "00209999", "0020000E"}
        assert tags(Query("series", study_instance_uid="1.1")) == {"0020000E"}
        assert tags(Query("series", series_instance_uid="1.1.1")) == tags(Query("series"))
        assert tags(Query("series", full=True)) >= {"00101010", "00080060"}
        own = {"00080016", "00080018", "00200013", "00280010"}
        assert tags(Query("instance")) == own | {"0020000D", "00209999", "0020000E"}
        assert tags(Query("instance", study_instance_uid="1.1")) == own | {"0020000E"}
        assert tags(Query("instance", study_instance_uid="1.1", series_instance_uid="1.1.1")) == own
        assert tags(Query("instance", full=True)) >= own | {"00080008", "00100020", "00080060"}

    def test_a_path_that_names_nothing_finds_nothing(self) -> None:
        reader = self.filled(Study("1.1"))
        assert reader.search(Query("series", study_instance_uid="1.9")) == []
        assert (
            reader.search(Query("instance", study_instance_uid="1.1", series_instance_uid="1.9"))
            == []
        )

    def test_what_cannot_be_asked_is_refused(self) -> None:
        reader = self.filled(Study("1.1"))
        for query in (
            Query("study", limit=-1),
            Query("study", limit=1 << 70),
            Query("study", offset=-1),
            Query("study", series_instance_uid="1.1.1"),
            Query("study", (SingleValue("00201206", "IS", ("many",)),)),
        ):
            with pytest.raises(InvalidRequest):
                reader.search(query)

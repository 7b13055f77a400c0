"""The query of a search."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom.matching import (
    DateTimeRange,
    EmptyValue,
    InSequence,
    PersonName,
    Range,
    SingleValue,
    WildCard,
)
from isocenter.dicomweb.qido_parameters import SearchParameters, search_parameters
from isocenter.errors import InvalidRequest, IsocenterError


def test_nothing_asked_is_everything() -> None:
    assert search_parameters([]) == SearchParameters()


def test_attributes_are_named_by_keyword_or_tag() -> None:
    by_keyword = search_parameters([("AccessionNumber", "A1")])
    by_tag = search_parameters([("00080050", "A1")])
    assert by_keyword == by_tag
    assert by_keyword.conditions == (SingleValue("00080050", "SH", ("A1",)),)


def test_names_dates_and_lists_become_their_kinds_of_match() -> None:
    found = search_parameters(
        [
            ("PatientName", "*Böse*"),
            ("StudyDate", "20200101-"),
            ("StudyInstanceUID", "1.2\\1.3,1.4"),
        ]
    )
    name, dates, uids = found.conditions
    assert isinstance(name, PersonName)
    assert isinstance(dates, Range)
    assert (dates.low, dates.high) == ("20200101", "")
    assert uids == SingleValue("0020000D", "UI", ("1.2", "1.3", "1.4"))


def test_repeated_uids_are_one_list() -> None:
    found = search_parameters([("StudyInstanceUID", "1.2"), ("0020000D", "1.3")])
    assert found.conditions == (SingleValue("0020000D", "UI", ("1.2", "1.3")),)


def test_a_date_and_a_time_range_are_one_moment() -> None:
    found = search_parameters([("StudyDate", "20200101-20200102"), ("StudyTime", "10-12")])
    assert len(found.conditions) == 1
    assert isinstance(found.conditions[0], DateTimeRange)


def test_included_fields_come_in_lists_and_repeats() -> None:
    found = search_parameters(
        [("includefield", "00081030, StudyID"), ("includefield", "PatientComments")]
    )
    assert found.include == {"00081030", "00200010", "00104000"}
    assert not found.include_all
    assert search_parameters([("includefield", "ALL")]).include_all


def test_of_a_path_into_a_sequence_the_whole_sequence_is_included() -> None:
    path = "RequestAttributesSequence.RequestedProcedureID"
    assert search_parameters([("includefield", path)]).include == {"00400275"}


def test_keys_inside_one_sequence_are_asked_of_one_item() -> None:
    inside = "RequestAttributesSequence"
    found = search_parameters(
        [
            (f"{inside}.ScheduledProcedureStepID", "S1"),
            (f"{inside}.ScheduledProtocolCodeSequence.CodeValue", "C*"),
            ("00400275.00401001", "R1"),
            (f"{inside}.ScheduledProcedureStepDescription", ""),
        ]
    )
    step, code = SingleValue("00400009", "SH", ("S1",)), WildCard("00080100", "SH", "C*")
    procedure = SingleValue("00401001", "SH", ("R1",))
    assert found.conditions == (
        InSequence("00400275", (step, InSequence("00400008", (code,)), procedure)),
    )
    assert search_parameters([(f"{inside}.RequestedProcedureID", "")]).conditions == ()
    assert search_parameters([(inside, '""')]).conditions == (EmptyValue("00400275", "SQ"),)


@pytest.mark.parametrize(
    "keys",
    [
        [("PatientID.StudyID", "1")],
        [("RequestAttributesSequence", "S1")],
        [("RequestAttributesSequence.Nothing", "S1")],
        [("RequestAttributesSequence.", "S1")],
        [("RequestAttributesSequence", '""'), ("RequestAttributesSequence.00400009", "S1")],
        [("RequestAttributesSequence.00400009", "S1"), ("00400275", '""')],
        [("ContentSequence." * 9 + "TextValue", "x")],
        [("ContentSequence.TextValue", "x" * 300 + "*")],
    ],
)
def test_a_way_into_sequences_that_leads_nowhere_is_refused(keys: list[tuple[str, str]]) -> None:
    with pytest.raises(IsocenterError):
        search_parameters(keys)


def test_page_and_order_are_read() -> None:
    found = search_parameters(
        [("limit", "25"), ("offset", "50"), ("orderby", "-StudyDate,PatientName")]
    )
    assert (found.limit, found.offset) == (25, 50)
    assert found.order == ("-00080020", "00100010")


def test_names_are_fuzzy_where_it_is_asked_for_and_nothing_else_is() -> None:
    keys = [("PatientName", "tarou yamada"), ("PatientID", "a b")]
    found = search_parameters([*keys, ("fuzzymatching", "true")])
    assert found.conditions == (
        PersonName("00100010", "tarou*", "tr"),
        PersonName("00100010", "yamada*", "jmt"),
        SingleValue("00100020", "LO", ("a b",)),
    )
    literal = search_parameters([*keys, ("fuzzymatching", "false")])
    assert literal.conditions[0] == PersonName("00100010", "tarou yamada")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoSuchThing", "1"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("offset", "99999999999"),
        ("fuzzymatching", "maybe"),
        ("StudyDate", "yesterday"),
        ("StudyInstanceUID", "1.2/../3"),
        ("includefield", "nothing"),
        ("orderby", "nothing"),
        ("PixelData", "1"),
        ("00091001", "1"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest):
        search_parameters([(name, value)])


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60)), max_size=6))
def test_any_query_is_read_or_refused_on_purpose(query: list[tuple[str, str]]) -> None:
    with contextlib.suppress(IsocenterError):
        search_parameters(query)


def test_several_values_are_any_of_them_unless_all_are_asked_for() -> None:
    keys = [("ModalitiesInStudy", "CT\\SR"), ("PatientID", "1\\2")]
    tag = "00080061"
    either, one_of = search_parameters(keys).conditions
    assert either == SingleValue(tag, "CS", ("CT", "SR"))
    each = search_parameters([*keys, ("multiplevaluematching", "true")]).conditions
    assert each == (SingleValue(tag, "CS", ("CT",)), SingleValue(tag, "CS", ("SR",)), one_of)
    with pytest.raises(InvalidRequest, match=tag):
        search_parameters([("ModalitiesInStudy", "C*\\SR"), ("multiplevaluematching", "true")])


def test_free_text_is_read_into_words() -> None:
    found = search_parameters([("q", "Müller, J*"), ("q", "CT-4711"), ("Modality", "CT")])
    assert found.words == ("muller", "j", "ct", "4711")
    assert found.conditions == (SingleValue("00080060", "CS", ("CT",)),)
    assert search_parameters([("q", " ")]).words == ()
    for refused in ("-*-", " ".join(f"w{n}" for n in range(13))):
        with pytest.raises(IsocenterError):
            search_parameters([("q", refused)])


def test_a_search_can_be_limited_to_the_patients_of_studies() -> None:
    asked = [("00100020", "12345"), ("samepatientas", "1.2,1.3"), ("samepatientas", "1.2")]
    found = search_parameters(asked)
    assert found.same_patient_as == ("1.2", "1.3")
    assert found.conditions == (SingleValue("00100020", "LO", ("12345",)),)
    assert search_parameters([]).same_patient_as is None


@pytest.mark.parametrize("text", ["", "x", "1.2,", ",".join(f"1.{n}" for n in range(1, 50))])
def test_a_limit_that_names_no_studies_is_refused_not_ignored(text: str) -> None:
    with pytest.raises(IsocenterError):
        search_parameters([("samepatientas", text)])

"""Search keys read into matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom.matching import (
    DateTimeRange,
    EmptyValue,
    Match,
    PersonName,
    Range,
    SingleValue,
    WildCard,
    combine,
    parse,
)
from isocenter.errors import InvalidRequest, LimitExceeded

D, T, DT = ("00080020", "DA"), ("00080030", "TM"), ("0040A032", "DT")
DAY_END = "235959.999999"


@pytest.mark.parametrize(
    ("key", "match"),
    [
        (("00100020", "LO", ""), None),
        (("00100020", "LO", "  "), None),
        (("00100020", "LO", "**"), None),
        (("0020000D", "UI", "*"), None),
        (("00100010", "PN", "*^*"), None),
        (("00100020", "LO", '""'), EmptyValue("00100020", "LO")),
        (("00100020", "LO", " A1 "), SingleValue("00100020", "LO", ("A1",))),
        (("00100020", "LO", "a\\b\\a"), SingleValue("00100020", "LO", ("a", "b"))),
        (("00104000", "LT", "a\\b"), SingleValue("00104000", "LT", ("a\\b",))),
        (("00100020", "LO", "A**1?"), WildCard("00100020", "LO", "A*1?")),
        (("00081030", "LO", "a,b"), SingleValue("00081030", "LO", ("a,b",))),
        (("00080060", "CS", "CT,MR\\PT"), SingleValue("00080060", "CS", ("CT", "MR", "PT"))),
        (("0020000D", "UI", "1.2,1.3\\1.4"), SingleValue("0020000D", "UI", ("1.2", "1.3", "1.4"))),
        (("00200013", "IS", "+007"), SingleValue("00200013", "IS", ("7",))),
        (("00101020", "DS", "1.750"), SingleValue("00101020", "DS", ("1.75",))),
        (("00101010", "AS", "030Y"), SingleValue("00101010", "AS", ("030Y",))),
        (("00100010", "PN", "Mü*^J?"), PersonName("00100010", "mu*^j?")),
        ((*D, "20240229"), SingleValue(*D, ("20240229",))),
        ((*D, "2024.02.29"), SingleValue(*D, ("20240229",))),
        ((*D, "20240101-20240102"), Range(*D, "20240101", "20240102")),
        ((*D, "20240101 - 20240102"), Range(*D, "20240101", "20240102")),
        ((*D, "-20240102"), Range(*D, "", "20240102")),
        ((*D, "20240101-"), Range(*D, "20240101", "")),
        ((*T, "10"), Range(*T, "100000.000000", "105959.999999", single=True)),
        ((*T, "101112.5"), Range(*T, "101112.500000", "101112.599999", single=True)),
        ((*T, "10-1112"), Range(*T, "100000.000000", "111259.999999")),
        ((*T, "10:11:12-"), Range(*T, "101112.000000", "")),
        ((*T, "235960"), Range(*T, "235960.000000", "235960.999999", single=True)),
        ((*DT, "2024"), Range(*DT, "20240101000000.000000", "20241231" + DAY_END, single=True)),
        ((*DT, "202402"), Range(*DT, "20240201000000.000000", "20240229" + DAY_END, single=True)),
        ((*DT, "2024-2025"), Range(*DT, "20240101000000.000000", "20251231" + DAY_END)),
        (
            (*DT, "2024010112-0500"),
            Range(*DT, "20240101170000.000000", "20240101175959.999999", single=True),
        ),
        (
            (*DT, "20240101120000+0100-20240101120000-0100"),
            Range(*DT, "20240101110000.000000", "20240101130000.999999"),
        ),
        ((*DT, "-20240101120000 0100"), Range(*DT, "", "20240101110000.999999")),
    ],
)
def test_a_key_is_read_by_the_rules_of_its_vr(
    key: tuple[str, str, str], match: Match | None
) -> None:
    assert parse(*key) == match


@pytest.mark.parametrize(
    "key",
    [
        (*D, "2024"),
        (*D, "20240230"),
        (*D, "20241301"),
        (*D, "00000101"),
        (*D, "-"),
        (*D, "20240102-20240101"),
        (*D, "20240101-20240102-20240103"),
        (*D, "2024*"),
        (*T, "24"),
        (*T, "1"),
        (*T, "1060"),
        (*T, "101112."),
        (*DT, "20240101+9900"),
        (*DT, "2025-2024"),
        (*DT, "x"),
        ("0020000D", "UI", "1.2.*"),
        ("0020000D", "UI", "../../etc"),
        ("00200013", "IS", "seven"),
        ("00101020", "DS", "nan"),
        ("00101020", "DS", "1e999999999"),
        ("00101020", "DS", "1" * 350),
        ("00100020", "LO", "A*\\B"),
        ("00400275", "SQ", "x"),
        ("7FE00010", "OW", "x"),
        ("patient", "LO", "x"),
        ("00100020", "LO", "A\0B"),
        ("00100010", "PN", "A\ud800B"),
    ],
)
def test_what_cannot_be_a_value_is_refused_without_being_repeated(
    key: tuple[str, str, str],
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(*key)
    assert len(key[2]) < 3 or key[2] not in refused.value.message


@pytest.mark.parametrize(
    "key",
    [
        ("00100020", "LO", "A" * 100_000),
        ("00100020", "LO", "A" * 300 + "*"),
        ("00100010", "PN", "*a" * 20),
        ("0020000D", "UI", "\\".join(f"1.{n}" for n in range(1001))),
        ("00100020", "LO", "\\"),
    ],
)
def test_keys_are_bounded(key: tuple[str, str, str]) -> None:
    with pytest.raises(LimitExceeded):
        parse(*key)


def read(*keys: tuple[str, str, str]) -> tuple[Match, ...]:
    return combine(match for match in (parse(*key) for key in keys) if match is not None)


def test_ranges_of_date_and_time_of_one_event_are_joined() -> None:
    assert read((*D, "20240101-20240103"), (*T, "2200-0400")) == (
        DateTimeRange("00080020", "00080030", "20240101220000.000000", "20240103040059.999999"),
    )
    assert read((*D, "20240101-"), (*T, "-0400")) == (
        DateTimeRange("00080020", "00080030", "20240101000000.000000", ""),
    )
    assert read((*D, "-20240103"), (*T, "2200-")) == (
        DateTimeRange("00080020", "00080030", "", "20240103" + DAY_END),
    )


def test_a_single_date_or_time_and_other_events_are_left_apart() -> None:
    single_time = read((*D, "20240101-20240103"), (*T, "0830"))
    assert [type(match) for match in single_time] == [Range, Range]
    single_day = read((*D, "20240101"), (*T, "08-09"))
    assert [type(match) for match in single_day] == [SingleValue, Range]
    of_two_events = read((*D, "20240101-20240103"), ("00080031", "TM", "08-09"))
    assert [type(match) for match in of_two_events] == [Range, Range]


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read((*T, "2200-0400"))
    with pytest.raises(InvalidRequest):
        read((*D, "20240101-20240101"), (*T, "2200-0400"))


@given(
    st.sampled_from(
        ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "TM", "UI", "UL", "UR"]
    ),
    st.text(st.sampled_from('0123456789.-+:*?\\,^= "aé山\0\n') | st.characters(), max_size=40),
)
def test_any_text_is_read_or_refused(vr: str, text: str) -> None:
    try:
        match = parse("00100010", vr, text)
    except (InvalidRequest, LimitExceeded):
        return
    assert match is None or hash(match) is not None

"""Dates and times in normal form."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom import temporal


@given(st.datetimes(), st.integers(-12 * 60, 14 * 60))
def test_an_offset_moves_a_moment_to_utc(moment: datetime, minutes: int) -> None:
    suffix = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    text = f"{moment:%Y%m%d%H%M%S}".zfill(14) + f".{moment.microsecond:06d}"
    found = temporal.date_time(text + suffix)
    try:
        utc = moment - timedelta(minutes=minutes)
    except OverflowError:
        assert found is None
        return
    expected = f"{utc:%Y%m%d%H%M%S}".zfill(14) + f".{utc.microsecond:06d}"
    assert found == (expected, expected)


@given(st.datetimes(), st.datetimes())
def test_order_as_text_is_order_in_time(first: datetime, second: datetime) -> None:
    texts = [
        temporal.date_time(f"{m:%Y%m%d%H%M%S}".zfill(14) + f".{m.microsecond:06d}")
        for m in (first, second)
    ]
    assert texts[0] is not None
    assert texts[1] is not None
    assert (texts[0][0] < texts[1][0]) == (first < second)


@given(st.text(max_size=30))
def test_any_text_has_a_normal_form_or_none(text: str) -> None:
    for ends in (temporal.time(text), temporal.date_time(text)):
        assert ends is None or ends[0] <= ends[1]
    day = temporal.date(text)
    assert day is None or datetime.strptime(day, "%Y%m%d")


@pytest.mark.parametrize("text", ["20240229", "2024.02.29"])
def test_both_ways_to_write_a_day_are_one(text: str) -> None:
    assert temporal.date(text) == "20240229"


@pytest.mark.parametrize(
    "text", ["20230229", "20240001", "2024.0229", "２０２４０２２９", "20240229 ", "00000101"]
)
def test_what_is_no_day_has_no_normal_form(text: str) -> None:
    assert temporal.date(text) is None

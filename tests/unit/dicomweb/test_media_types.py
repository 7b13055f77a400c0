"""Accept headers, as clients really write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicomweb.media_types import (
    MediaType,
    acceptable,
    accepts_encoding,
    parse_media_type,
)
from isocenter.errors import InvalidRequest, IsocenterError, LimitExceeded

OHIF = "multipart/related; type=application/octet-stream; transfer-syntax=*"


def test_parameters_are_read_quoted_or_not() -> None:
    plain = parse_media_type(OHIF)
    quoted = parse_media_type(
        'Multipart/Related;TYPE="application/octet-stream";transfer-syntax="*"'
    )
    assert plain == quoted
    assert plain.parameter("type") == "application/octet-stream"
    assert plain.parameter("transfer-syntax") == "*"


def test_a_comma_or_semicolon_inside_quotes_separates_nothing() -> None:
    assert acceptable('a/b;x="1,2;3\\"4", c/d') == (
        MediaType("a/b", (("x", '1,2;3"4'),)),
        MediaType("c/d"),
    )


def test_the_most_wanted_comes_first_and_q_zero_not_at_all() -> None:
    found = acceptable("image/png;q=0.5, image/jpeg, image/gif;q=0, */*;q=0.1")
    assert [media_type.name for media_type in found] == ["image/jpeg", "image/png", "*/*"]


def test_no_word_means_anything() -> None:
    assert acceptable("") == (MediaType("*/*"),)


def test_the_query_parameter_wins_over_the_header() -> None:
    assert acceptable(OHIF, ["image/jphc"]) == (MediaType("image/jphc"),)


def test_a_plus_that_the_query_made_a_space_is_put_back() -> None:
    assert acceptable("*/*", ["application/dicom json"]) == (MediaType("application/dicom+json"),)


@pytest.mark.parametrize("text", ["text", "a/b;q=2", "a/b;q=x", "/b", "a/"])
def test_what_is_no_media_type_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        acceptable(text)


def test_endless_lists_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        acceptable("a/b," * 100)
    with pytest.raises(LimitExceeded):
        acceptable("a" * 10_000)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_on_purpose(text: str) -> None:
    with contextlib.suppress(IsocenterError):
        assert acceptable(text)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip, deflate, br", True),
        ("*", True),
        ("br;q=1, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("", False),
        ("identity", False),
    ],
)
def test_packing_is_used_only_when_accepted(header: str, accepted: bool) -> None:
    assert accepts_encoding(header, "gzip") is accepted

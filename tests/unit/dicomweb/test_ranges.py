"""Byte ranges and entity tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicomweb.ranges import asked_range, none_match
from isocenter.errors import RangeNotSatisfiable


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-99", (0, 100)),
        ("bytes=900-", (900, 1000)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("Bytes = 1 - 2", (1, 3)),
        ("bytes=0-1,5-6", None),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("lines=1-2", None),
    ],
)
def test_ranges_are_clipped_to_what_is_there(header: str, expected: tuple[int, int] | None) -> None:
    assert asked_range(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=2000-3000", "bytes=-0"])
def test_a_range_past_the_end_tells_the_length(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        asked_range(header, 1000)
    assert caught.value.fields["size_bytes"] == 1000


@given(st.text(alphabet="bytes=0123456789-, ", max_size=40), st.integers(0, 10**12))
def test_a_range_never_leaves_the_content(header: str, size: int) -> None:
    try:
        found = asked_range(header, size)
    except RangeNotSatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


def test_an_entity_tag_the_client_has_need_not_be_sent() -> None:
    assert none_match('"a", W/"b"', '"b"')
    assert none_match("*", '"b"')
    assert not none_match('"a"', '"b"')
    assert not none_match("", '"b"')

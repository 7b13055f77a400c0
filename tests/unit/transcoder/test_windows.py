"""Neighbours in an object are read by one request, and every range is the object's own."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.faulty_objects import FaultyObjects

from isocenter.errors import NotFound
from isocenter.transcoder.windows import AHEAD_BYTES, Windows

SIZE = AHEAD_BYTES + 300_000
STEP = 100_000
PLACES = range(0, AHEAD_BYTES - STEP, STEP)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> FaultyObjects:
    objects = FaultyObjects(tmp_path_factory.mktemp("objects"))
    objects.put("a", os.urandom(SIZE))
    objects.put("b", os.urandom(SIZE))
    return objects


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, SIZE), st.integers(0, SIZE))))
def test_every_range_is_the_objects_own(
    objects: FaultyObjects, ranges: list[tuple[str, int, int]]
) -> None:
    windows = Windows(objects)
    for key, one, other in ranges:
        start, end = sorted((one, other))
        assert windows.read(key, start, end) == objects.read(key, start, end)


def test_neighbours_share_a_request(objects: FaultyObjects) -> None:
    windows = Windows(objects)
    objects.count_anew()
    for at in PLACES:
        windows.read("a", at, at + STEP)
    assert objects.calls["read"] == 1


def test_many_may_ask_at_once(objects: FaultyObjects) -> None:
    windows = Windows(objects)
    with ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda at: windows.read("a", at, at + STEP), PLACES))
    assert pieces == [objects.read("a", at, at + STEP) for at in PLACES]


def test_what_was_forgotten_is_read_anew(objects: FaultyObjects) -> None:
    windows = Windows(objects)
    objects.put("c", b"before")
    windows.read("c", 0, 6)
    objects.delete("c")
    windows.forget("c")
    with pytest.raises(NotFound):
        windows.read("c", 0, 6)

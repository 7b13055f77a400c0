"""The order of a series stream: everything once, what is looked at first, and nothing that is there already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.errors import InvalidRequest
from isocenter.renditions.series_stream import (
    Asked,
    Images,
    Part,
    RecordKind,
    RecordReader,
    Shape,
    end_record,
    index_record,
    parts,
    read_have,
    read_index,
)

CT = Shape(levels=5, side=512)
SHAPES = st.lists(
    st.builds(Shape, st.integers(0, 8), st.sampled_from([16, 64, 100, 512, 3000])), max_size=40
)


def test_the_least_useful_resolution_has_64_pixels() -> None:
    assert CT.useful_level == 1
    assert Shape(levels=2, side=60).useful_level == 1
    assert Shape(levels=1, side=4000).useful_level == 0


@given(SHAPES, st.integers(0, 50), st.integers(0, 6), st.integers(0, 9))
def test_every_frame_comes_to_its_last_resolution_in_order(
    shapes: list[Shape], focus: int, first: int, last: int
) -> None:
    reached = {frame: -1 for frame in range(len(shapes))}
    for part in parts(shapes, Asked(focus, first, last)):
        assert part.after_level == reached[part.frame] < part.level
        reached[part.frame] = part.level
    assert reached == {frame: min(last, shape.levels - 1) for frame, shape in enumerate(shapes)}


def test_the_frame_looked_at_is_whole_before_others_than_its_neighbours_come() -> None:
    found = list(parts([CT] * 300, Asked(focus=150)))
    near = [Part(frame, -1, 1, first=True) for frame in (150, 151, 149, 152, 148)]
    assert found[:5] == near
    assert found[5:8] == [Part(150, level - 1, level, first=True) for level in (2, 3, 4)]
    assert found[8:12] == [Part(frame, -1, 1) for frame in (153, 147, 154, 146)]
    assert found[303:306] == [Part(151, 1, 2), Part(149, 1, 2), Part(152, 1, 2)]


@given(SHAPES, st.integers(0, 50), st.data())
def test_asked_again_with_what_came_it_brings_the_rest_and_nothing_twice(
    shapes: list[Shape], focus: int, data: st.DataObject
) -> None:
    whole = list(parts(shapes, Asked(focus)))
    cut = data.draw(st.integers(0, len(whole)))
    have = {part.frame: part.level for part in whole[:cut]}
    rest = list(parts(shapes, Asked(data.draw(st.integers(0, 50)), have=have)))
    for part in rest:
        assert part.after_level == have.get(part.frame, -1)
        have[part.frame] = part.level
    wanted = {frame: shape.levels - 1 for frame, shape in enumerate(shapes) if shape.levels}
    assert have == wanted


def test_frames_of_one_resolution_come_last_unless_they_are_near() -> None:
    shapes = [Shape(1, 512)] * 4 + [CT] * 8 + [Shape(1, 512)] * 4
    order = [part.frame for part in parts(shapes, Asked(focus=8))]
    assert set(order[-8:]) >= {0, 1, 2, 3, 12, 13, 14, 15} - set(order[:5])


@pytest.mark.parametrize("text", ["1", "a:1", "1-:2-", "-1:2", "1:99999999999", "1:2;3:4"])
def test_what_is_there_already_is_told_in_one_way(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_have(text, 10)


def test_what_is_there_already_is_never_more_than_there_is() -> None:
    assert read_have("0-2:3,7-999999999:1", 9) == {0: 3, 1: 3, 2: 3, 7: 1, 8: 1}
    assert read_have("", 9) == {}


@given(st.integers(1, 7))
def test_a_body_in_chunks_of_any_size_is_the_same_records(size: int) -> None:
    images = [Images(("1.2.3",), (2,), "1.2.840.10008.1.2.4.202", "MONOCHROME2", 5, 6, 2)]
    body = index_record(images, "1.2.9", "0a", 1, 99) + end_record()
    reader = RecordReader()
    found = [
        record
        for start in range(0, len(body), size)
        for record in reader.feed(body[start : start + size])
    ]
    assert [record.kind for record in found] == [RecordKind.INDEX, RecordKind.END]
    assert read_index(found[0]) == images


@given(st.binary(min_size=16, max_size=64))
def test_anything_else_is_refused_or_waited_for(content: bytes) -> None:
    try:
        for record in RecordReader().feed(content):
            assert record.kind in set(RecordKind)
            if record.kind is RecordKind.INDEX:
                read_index(record)
    except InvalidRequest:
        return

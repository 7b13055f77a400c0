"""Packs: what was written is read; anything else is said to be none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.errors import Corrupted, InvalidRequest
from isocenter.renditions.keys import is_pack, is_series_pack, pack_key, series_of, study_of
from isocenter.renditions.pack import PackWriter, frame_bytes, read_index


def written(frames: list[bytes], thumbnail: bytes = b"") -> bytes:
    out = bytearray()
    writer = PackWriter("1.2.1", "1.2.2", out.extend)
    for place, content in enumerate(frames):
        writer.add(pb.PackedInstance(sop_instance_uid=f"1.2.3.{place}", digest="0" * 64))
        writer.describe("1.2.840.10008.1.2.4.202", "MONOCHROME2")
        writer.add_frame(content, [len(content)], b"")
    if thumbnail:
        writer.add_thumbnail(thumbnail, "1.2.3.0", 1)
    writer.finish()
    return bytes(out)


def index_of(content: bytes) -> pb.PackIndex:
    return read_index(lambda start, end: content[start:end], len(content))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=9), st.binary(max_size=50))
def test_frames_come_back_as_they_went_in(frames: list[bytes], thumbnail: bytes) -> None:
    content = written(frames, thumbnail)
    index = index_of(content)
    assert [one.sop_instance_uid for one in index.instances] == [
        f"1.2.3.{place}" for place in range(len(frames))
    ]
    for frame, instance in zip(frames, index.instances, strict=True):
        assert frame_bytes(lambda start, end: content[start:end], instance.frames[0]) == frame
    place = index.thumbnail.offset
    assert content[place : place + index.thumbnail.length] == thumbnail


@given(st.data())
def test_a_pack_with_another_byte_or_length_is_never_taken_for_one(data: st.DataObject) -> None:
    content = bytearray(written([b"abc" * 30, b"x" * 70]))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    try:
        index = index_of(bytes(content))
    except Corrupted:
        return
    for instance in index.instances:  # then it is a frame that differs, or what comes before them
        try:
            frame_bytes(lambda start, end: bytes(content[start:end]), instance.frames[0])
        except Corrupted:
            return
    assert place < 8


@given(st.binary(max_size=200))
def test_anything_else_is_no_pack(content: bytes) -> None:
    with pytest.raises(Corrupted):
        index_of(content)


def test_an_instance_that_is_refused_has_no_frames() -> None:
    out = bytearray()
    writer = PackWriter("1.2.1", "1.2.2", out.extend)
    writer.add(pb.PackedInstance(sop_instance_uid="1.2.3.1"))
    writer.add_frame(b"abc", [3], b"")
    writer.refuse("nobody knows")
    (instance,) = writer.finish().instances
    assert (len(instance.frames), instance.refused) == (0, "nobody knows")


def test_a_name_is_that_of_its_members_in_their_order() -> None:
    one, other = ("1.2.3.1", "a" * 64), ("1.2.3.2", "b" * 64)
    key = pack_key("1.2.1", "1.2.2", "series", [one, other])
    assert key == pack_key("1.2.1", "1.2.2", "series", [one, other])
    assert key != pack_key("1.2.1", "1.2.2", "series", [other, one])
    assert (study_of(key), series_of(key)) == ("1.2.1", "1.2.2")
    assert is_pack(key)
    assert is_series_pack(key)
    assert not is_series_pack(pack_key("1.2.1", "1.2.2", "chunk", [one]))
    assert not is_pack("renditions/swept.json")
    with pytest.raises(InvalidRequest):
        pack_key("1.2.1", "../1.2.2", "chunk", [one])

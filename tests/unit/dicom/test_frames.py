"""Where frames lie, from the scan of a data set."""

import struct

import pytest
from tests.support.data_sets import EXPLICIT, element, encapsulated, image_of, instance

from isocenter.dicom.frames import FrameLayout, frame_layout
from isocenter.dicom.header import scan
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.errors import NotFound

JPEG = "1.2.840.10008.1.2.4.50"
MPEG4 = "1.2.840.10008.1.2.4.102"


def scanned(data: bytes, syntax: str = EXPLICIT) -> PixelLocation:
    found = scan(data, 0, syntax).pixel_data
    assert found is not None
    return found


def native(value: bytes) -> tuple[bytes, PixelLocation]:
    data = instance(image=image_of(), late=element(0x7FE00010, "OW", value))
    return data, scanned(data)


def fragmented(
    frames: int, fragments: list[bytes], table: bytes = b"", syntax: str = JPEG
) -> tuple[bytes, PixelLocation]:
    data = instance(image=image_of(frames=frames), late=encapsulated(fragments, table))
    return data, scanned(data, syntax)


def content(data: bytes, layout: FrameLayout) -> list[bytes]:
    frames = [layout.frame(number) for number in range(1, layout.number_of_frames + 1)]
    return [b"".join(data[start:end] for start, end in frame.ranges) for frame in frames]


def test_native_frames_are_found_by_arithmetic() -> None:
    data, pixels = native(b"AAAABBBBCCCC")
    assert content(data, frame_layout(pixels, 3, frame_bits=32)) == [b"AAAA", b"BBBB", b"CCCC"]


def test_padding_after_the_last_frame_belongs_to_no_frame() -> None:
    data, pixels = native(b"AAA\0")
    assert content(data, frame_layout(pixels, 1, frame_bits=24)) == [b"AAA"]


def test_bits_that_fill_whole_bytes_are_frames() -> None:
    data, pixels = native(b"\1\2\3\4")
    assert content(data, frame_layout(pixels, 2, frame_bits=16)) == [b"\1\2", b"\3\4"]


def test_one_bit_frames_may_start_inside_a_byte() -> None:
    data, pixels = native(b"\1\2\3\4")
    layout = frame_layout(pixels, 3, frame_bits=9)
    assert content(data, layout) == [b"\1\2", b"\2\3", b"\3\4"]
    assert [layout.frame(number).first_bit for number in (1, 2, 3)] == [0, 1, 2]


def test_frames_in_swapped_words_begin_and_end_with_a_word() -> None:
    data, pixels = native(b"BADCFE")
    layout = frame_layout(pixels, 2, frame_bits=24, swapped_words=True)
    assert content(data, layout) == [b"BADC", b"DCFE"]
    assert [layout.frame(number).first_bit for number in (1, 2)] == [0, 8]


def test_frames_beyond_truncated_pixels_are_not_found_and_earlier_ones_given() -> None:
    data, pixels = native(b"AAAABB")
    layout = frame_layout(pixels, 2, frame_bits=32)
    start, end = layout.frame(1).ranges[0]
    assert data[start:end] == b"AAAA"
    with pytest.raises(NotFound):
        layout.frame(2)


@pytest.mark.parametrize("number", [0, 3, -1, 10**9])
def test_a_frame_that_is_not_there_is_not_found(number: int) -> None:
    _, pixels = native(b"AAAABBBB")
    with pytest.raises(NotFound):
        frame_layout(pixels, 2, frame_bits=32).frame(number)


def test_pixels_of_unknown_size_are_one_frame() -> None:
    data, pixels = native(b"AAAABBBB")
    assert content(data, frame_layout(pixels, 2)) == [b"AAAABBBB"]


def test_a_frame_of_several_fragments_has_a_range_for_each() -> None:
    data, pixels = fragmented(2, [b"AA", b"BBBB", b"CC"], struct.pack("<LL", 0, 22))
    layout = frame_layout(pixels, 2)
    assert [len(layout.frame(number).ranges) for number in (1, 2)] == [2, 1]
    assert content(data, layout) == [b"AABBBB", b"CC"]


def test_one_fragment_for_each_frame() -> None:
    data, pixels = fragmented(3, [b"AA", b"BBBB", b"CC"])
    assert content(data, frame_layout(pixels, 3)) == [b"AA", b"BBBB", b"CC"]


def test_all_fragments_are_the_only_frame() -> None:
    data, pixels = fragmented(1, [b"AA", b"BBBB", b"CC"])
    assert content(data, frame_layout(pixels, 1)) == [b"AABBBBCC"]


@pytest.mark.parametrize("fragments", [[b"AA", b"BB", b"CC"], [b"AA"], []])
def test_fragments_that_cannot_be_told_apart_are_nobodys_frame(fragments: list[bytes]) -> None:
    _, pixels = fragmented(2, fragments)
    layout = frame_layout(pixels, 2)
    for number in (1, 2):
        with pytest.raises(NotFound):
            layout.frame(number)


def test_a_video_is_one_stream() -> None:
    data, pixels = fragmented(100, [b"AA", b"BB"], syntax=MPEG4)
    assert content(data, frame_layout(pixels, 100, one_stream=True)) == [b"AABB"]

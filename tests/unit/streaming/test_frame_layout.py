"""Where frames lie."""

import pytest

from isocenter.api.journal.v1.entries_pb2 import PixelData
from isocenter.errors import NotFound
from isocenter.pixels.image import Image
from isocenter.streaming.frame_layout import FrameLayout, layout_of

ELE = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4.50"


def _layout(pixels: PixelData, frames: int, image: Image | None = None) -> FrameLayout:
    found = layout_of(pixels.SerializeToString(), frames, image)
    assert found is not None
    return found


def _fragments(*lengths: int, firsts: tuple[int, ...] = ()) -> PixelData:
    return PixelData(
        tag="7FE00010", offset=100, length=sum(lengths) + 8 * len(lengths), encapsulated=True,
        fragment_lengths=lengths, frame_first_fragments=firsts,
    )  # fmt: skip


def test_there_is_no_layout_without_pixels() -> None:
    assert layout_of(b"", 1, None) is None


def test_a_fragment_is_a_frame() -> None:
    layout = _layout(_fragments(10, 20, 30), 3)
    assert layout.number_of_frames == 3
    assert layout.frame(1).ranges == ((108, 118),)
    assert layout.frame(3).ranges == ((154, 184),)


def test_all_fragments_are_the_only_frame() -> None:
    assert _layout(_fragments(10, 20), 1).frame(1).ranges == ((108, 118), (126, 146))


def test_frames_of_several_fragments_are_told_by_their_first() -> None:
    layout = _layout(_fragments(10, 20, 30, 40, firsts=(0, 1)), 2)
    assert layout.frame(1).ranges == ((108, 118),)
    assert len(layout.frame(2).ranges) == 3


def test_uncompressed_frames_are_divided_by_the_description() -> None:
    image = Image(ELE, rows=3, columns=3, bits_allocated=8, bits_stored=8, number_of_frames=2)
    layout = _layout(PixelData(tag="7FE00010", offset=50, length=18), 2, image)
    assert [layout.frame(n).ranges for n in (1, 2)] == [((50, 59),), ((59, 68),)]


def test_one_bit_frames_may_start_inside_a_byte() -> None:
    image = Image(ELE, rows=3, columns=3, bits_allocated=1, bits_stored=1, number_of_frames=2)
    layout = _layout(PixelData(tag="7FE00010", offset=50, length=4), 2, image)
    assert layout.frame(1).ranges == ((50, 52),)
    assert (layout.frame(2).ranges, layout.frame(2).first_bit) == (((51, 53),), 1)


def test_a_frame_that_is_not_there_is_not_found() -> None:
    layout = _layout(_fragments(10), 1)
    for number in (0, 2, 10**9):
        with pytest.raises(NotFound):
            layout.frame(number)


def test_a_frame_that_is_cut_off_is_not_found() -> None:
    image = Image(ELE, rows=3, columns=3, bits_allocated=8, bits_stored=8, number_of_frames=2)
    layout = _layout(PixelData(tag="7FE00010", offset=50, length=10), 2, image)
    assert layout.frame(1)
    with pytest.raises(NotFound):
        layout.frame(2)


def test_a_video_is_one_stream() -> None:
    image = Image("1.2.840.10008.1.2.4.102", rows=3, columns=3, number_of_frames=100)
    assert _layout(_fragments(10, 10), 100, image).frame(1).ranges == ((108, 118), (126, 136))

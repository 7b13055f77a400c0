"""Where each frame is: byte ranges of the stored object, by arithmetic or from the fragments the scan found."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from isocenter.dicom.pixel_location import PixelLocation
from isocenter.errors import InvalidInstance, NotFound, UnsupportedSyntax

ByteRange = tuple[int, int]  # half open, from the start of the object

_ROWS, _COLUMNS, _SAMPLES_PER_PIXEL = "00280010", "00280011", "00280002"
_BITS_ALLOCATED, _NUMBER_OF_FRAMES, _PHOTOMETRIC = "00280100", "00280008", "00280004"
_HALVED_CHROMINANCE = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})  # PS3.3 C.7.6.3.1.2
_BITS_BY_TAG = {"7FE00008": 32, "7FE00009": 64}


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Shape of one native frame, and how many there are."""

    frame_bits: int
    number_of_frames: int


def frame_layout(document: Mapping[str, Any], pixel_data: PixelLocation) -> FrameLayout:
    """Read the shape from a DICOM JSON object; `frame_bits` is 0 for encapsulated pixels.

    Raises InvalidInstance (`no_image_size`): native pixels without Rows, Columns or Bits Allocated.
    """
    number_of_frames = max(_integer(document, _NUMBER_OF_FRAMES, 1), 1)
    if pixel_data.encapsulated:
        return FrameLayout(0, number_of_frames)
    samples = _integer(document, _SAMPLES_PER_PIXEL, 1)
    if samples == 3 and _first(document, _PHOTOMETRIC) in _HALVED_CHROMINANCE:
        samples = 2  # on average: two pixels share their chrominance
    bits = _BITS_BY_TAG.get(pixel_data.tag) or _integer(document, _BITS_ALLOCATED, 0)
    frame_bits = _integer(document, _ROWS, 0) * _integer(document, _COLUMNS, 0) * samples * bits
    if frame_bits <= 0:
        raise InvalidInstance("no size of the image", code="no_image_size")
    return FrameLayout(frame_bits, number_of_frames)


def ranges_of_frame(
    pixel_data: PixelLocation, layout: FrameLayout, number: int
) -> tuple[ByteRange, ...]:
    """Locate frame `number`, the first being 1: one range, or one for each of its fragments, in order.

    Native pixels by arithmetic (PS3.5 8.1.1, 8.2), encapsulated ones by fragments (PS3.5 A.4). For a deflated data set
    the ranges count inflated bytes, as all of its offsets do.

    Raises:
        NotFound: there is no such frame.
        InvalidInstance: Pixel Data ends before the frame does (`pixel_data_truncated`), or it is not known which
            fragments belong to it (`frame_boundaries_unknown`).
        UnsupportedSyntax: the frame does not start or end at a byte (packed bits), or all frames are one stream
            (video); `fields["code"]` is `frame_not_at_byte` or `one_stream`.
    """
    if not 1 <= number <= layout.number_of_frames:
        raise NotFound("no such frame", frame=number, number_of_frames=layout.number_of_frames)
    if not pixel_data.encapsulated:
        return (_native(pixel_data, layout, number),)
    first, last = _fragments_of(pixel_data, layout, number)
    at = pixel_data.offset + sum(pixel_data.fragment_lengths[:first]) + 8 * first
    starts = accumulate(
        (length + 8 for length in pixel_data.fragment_lengths[first:last]), initial=at
    )
    return tuple((start + 8, end) for start, end in pairwise(starts))


def frame_ranges(
    pixel_data: PixelLocation, document: Mapping[str, Any]
) -> list[tuple[ByteRange, ...]]:
    """Locate every frame; `ranges_of_frame` says what is in the ranges and what is raised."""
    layout = frame_layout(document, pixel_data)
    if not pixel_data.encapsulated:
        _native(pixel_data, layout, layout.number_of_frames)  # a forged number must not make a list
        return [
            (_native(pixel_data, layout, number),)
            for number in range(1, layout.number_of_frames + 1)
        ]
    _fragments_of(pixel_data, layout, 1)
    starts = list(
        accumulate(
            (length + 8 for length in pixel_data.fragment_lengths), initial=pixel_data.offset
        )
    )
    ranges = [(start + 8, end) for start, end in pairwise(starts)]
    first = pixel_data.frame_first_fragments or range(len(ranges))
    return [tuple(ranges[start:end]) for start, end in pairwise([*first, len(ranges)])]


def _native(pixel_data: PixelLocation, layout: FrameLayout, number: int) -> ByteRange:
    end_bit = layout.frame_bits * number
    if layout.frame_bits % 8 and layout.number_of_frames > 1:
        raise UnsupportedSyntax(
            "frames are packed bits", code="frame_not_at_byte", frame_bits=layout.frame_bits
        )
    end = (end_bit + 7) // 8
    if end > pixel_data.length:
        raise InvalidInstance(
            "Pixel Data ends before the frame does", code="pixel_data_truncated", frame=number
        )
    return pixel_data.offset + (end_bit - layout.frame_bits) // 8, pixel_data.offset + end


def _fragments_of(pixel_data: PixelLocation, layout: FrameLayout, number: int) -> tuple[int, int]:
    """Give the half-open run of fragments that make a frame."""
    first, count = pixel_data.frame_first_fragments, len(pixel_data.fragment_lengths)
    known = len(first) or count
    if known != layout.number_of_frames:
        if first == (0,):
            raise UnsupportedSyntax("all frames are one stream", code="one_stream")
        raise InvalidInstance(
            "fragments cannot be told apart into frames", code="frame_boundaries_unknown"
        )
    if not first:
        return number - 1, number
    return first[number - 1], first[number] if number < len(first) else count


def _first(document: Mapping[str, Any], key: str) -> Any:
    values = document.get(key, {}).get("Value")
    return values[0] if values else None


def _integer(document: Mapping[str, Any], key: str, otherwise: int) -> int:
    value = _first(document, key)
    return value if isinstance(value, int) else otherwise

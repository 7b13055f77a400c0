import struct
from collections.abc import Sequence

import pytest
from tests.support.data_sets import EXPLICIT, element, encapsulated, image_of, instance, text

from isocenter.dicom.frames import ByteRange, frame_layout, frame_ranges, ranges_of_frame
from isocenter.dicom.header import scan
from isocenter.dicom.json_model import to_json
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.errors import InvalidInstance, NotFound, UnsupportedSyntax

JPEG = "1.2.840.10008.1.2.4.50"


def scanned(data: bytes, syntax: str = EXPLICIT) -> tuple[PixelLocation, JsonObject]:
    header = scan(data, 0, syntax)
    assert header.pixel_data is not None
    return header.pixel_data, to_json(
        header.pieces,
        dataset_offset=0,
        transfer_syntax_uid=syntax,
        bulk_data_uri=lambda offset, length: "",
    )


def native(value: bytes, **shape: int) -> tuple[bytes, PixelLocation, JsonObject]:
    data = instance(image=image_of(**shape), late=element(0x7FE00010, "OW", value))
    pixels, document = scanned(data)
    return data, pixels, document


def content(data: bytes, ranges: Sequence[Sequence[ByteRange]]) -> list[bytes]:
    return [b"".join(data[start:end] for start, end in frame) for frame in ranges]


def test_native_frames_are_found_by_arithmetic() -> None:
    data, pixels, document = native(b"AAAABBBBCCCC", frames=3)
    assert content(data, frame_ranges(pixels, document)) == [b"AAAA", b"BBBB", b"CCCC"]
    layout = frame_layout(document, pixels)
    assert content(data, [ranges_of_frame(pixels, layout, 2)]) == [b"BBBB"]


def test_padding_after_the_last_frame_belongs_to_no_frame() -> None:
    data, pixels, document = native(b"AAA\0", rows=1, columns=3)
    assert content(data, frame_ranges(pixels, document)) == [b"AAA"]


def test_bits_that_fill_whole_bytes_are_frames() -> None:
    data, pixels, document = native(b"\1\2\3\4", rows=4, columns=4, frames=2, bits=1)
    assert content(data, frame_ranges(pixels, document)) == [b"\1\2", b"\3\4"]


def test_frames_that_do_not_start_at_a_byte_are_not_given_as_ranges() -> None:
    _, pixels, document = native(b"\1\2\3\4", rows=3, columns=3, frames=2, bits=1)
    with pytest.raises(UnsupportedSyntax) as caught:
        frame_ranges(pixels, document)
    assert caught.value.fields["code"] == "frame_not_at_byte"


def test_one_packed_frame_ends_with_its_last_byte() -> None:
    data, pixels, document = native(b"\1\2", rows=3, columns=3, bits=1)
    assert content(data, frame_ranges(pixels, document)) == [b"\1\2"]


def test_shared_chrominance_takes_two_thirds_of_the_room() -> None:
    image = (
        element(0x00280002, "US", b"\3\0")
        + text(0x00280004, "CS", "YBR_FULL_422")
        + image_of(2, 2)[len(element(0x00280002, "US", b"\1\0")) :]
    )
    pixels, document = scanned(instance(image=image, late=element(0x7FE00010, "OB", b"x" * 8)))
    assert frame_ranges(pixels, document)[0][0][1] - pixels.offset == 8


def test_frames_beyond_truncated_pixels_are_refused_and_earlier_ones_given() -> None:
    data, pixels, document = native(b"AAAABB", frames=2)
    layout = frame_layout(document, pixels)
    assert content(data, [ranges_of_frame(pixels, layout, 1)]) == [b"AAAA"]
    with pytest.raises(InvalidInstance):
        ranges_of_frame(pixels, layout, 2)
    with pytest.raises(InvalidInstance):
        frame_ranges(pixels, document)


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_frame_that_is_not_there_is_not_found(number: int) -> None:
    _, pixels, document = native(b"AAAABBBB", frames=2)
    with pytest.raises(NotFound):
        ranges_of_frame(pixels, frame_layout(document, pixels), number)


def test_pixels_without_a_size_are_refused() -> None:
    pixels, document = scanned(instance(late=element(0x7FE00010, "OW", b"AAAA")))
    with pytest.raises(InvalidInstance) as caught:
        frame_ranges(pixels, document)
    assert caught.value.fields["code"] == "no_image_size"


def test_a_frame_of_several_fragments_has_a_range_for_each() -> None:
    table = struct.pack("<LL", 0, 22)
    data = instance(image=image_of(frames=2), late=encapsulated([b"AA", b"BBBB", b"CC"], table))
    pixels, document = scanned(data, JPEG)
    ranges = frame_ranges(pixels, document)
    assert [len(frame) for frame in ranges] == [2, 1]
    assert content(data, ranges) == [b"AABBBB", b"CC"]
    layout = frame_layout(document, pixels)
    assert [ranges_of_frame(pixels, layout, number) for number in (1, 2)] == ranges


def test_one_fragment_for_each_frame() -> None:
    data = instance(image=image_of(frames=3), late=encapsulated([b"AA", b"BBBB", b"CC"]))
    pixels, document = scanned(data, JPEG)
    ranges = frame_ranges(pixels, document)
    assert content(data, ranges) == [b"AA", b"BBBB", b"CC"]
    layout = frame_layout(document, pixels)
    assert [ranges_of_frame(pixels, layout, number) for number in (1, 2, 3)] == ranges


def test_fragments_that_cannot_be_told_apart_are_refused() -> None:
    pixels, document = scanned(
        instance(image=image_of(frames=2), late=encapsulated([b"AA", b"BB", b"CC"])), JPEG
    )
    with pytest.raises(InvalidInstance) as caught:
        frame_ranges(pixels, document)
    assert caught.value.fields["code"] == "frame_boundaries_unknown"


def test_video_has_no_frames_of_its_own() -> None:
    data = instance(image=image_of(frames=2), late=encapsulated([b"AA", b"BB"]))
    pixels, document = scanned(data, "1.2.840.10008.1.2.4.102")
    with pytest.raises(UnsupportedSyntax) as caught:
        frame_ranges(pixels, document)
    assert caught.value.fields["code"] == "one_stream"

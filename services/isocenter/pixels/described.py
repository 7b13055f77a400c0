"""What a row of the index says of an instance's pixels: the image, and where each frame is."""

from dataclasses import replace

import orjson

from isocenter.api.journal.v1.entries_pb2 import PixelData
from isocenter.dicom.frames import FrameLayout, frame_layout
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import InvalidInstance
from isocenter.pixels.document import Document
from isocenter.pixels.image import Image, image_of
from isocenter.ports.index_rows import InstanceRow


def pixels_of(row: InstanceRow) -> tuple[Image | None, FrameLayout | None]:
    """Image and layout; no layout without pixels, no image when nobody can tell what they are."""
    if not row.pixel_data:
        return None, None
    location = _location(row.pixel_data)
    image = _image(row, location.tag)
    layout = frame_layout(
        location,
        row.number_of_frames,
        frame_bits=image.native_frame_bits if image is not None else 0,
        swapped_words=image is not None and image.swapped_words,
        one_stream=transfer_syntax(row.transfer_syntax_uid).video,
    )
    if image is not None:
        image = replace(image, number_of_frames=layout.number_of_frames)
    return image, layout


def vr_place(layout: FrameLayout) -> tuple[int, int]:
    """Where the VR of Pixel Data is in the object: before two reserved bytes and the length (PS3.5 7.1.2)."""
    at = layout.pixels.offset - 8
    return at, at + 2


def _location(content: bytes) -> PixelLocation:
    pixels = PixelData.FromString(content)
    return PixelLocation(
        pixels.tag,
        pixels.offset,
        pixels.length,
        pixels.encapsulated,
        tuple(pixels.fragment_lengths),
        tuple(pixels.frame_first_fragments),
    )


def _image(row: InstanceRow, pixel_tag: str) -> Image | None:
    try:
        document: Document = orjson.loads(row.document)
        return image_of(document, row.transfer_syntax_uid, pixel_tag)
    except (InvalidInstance, ValueError):
        return None  # stored all the same: it can be retrieved, not shown

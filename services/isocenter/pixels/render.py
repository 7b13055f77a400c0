"""A frame as a picture a browser shows: display values, cut and scaled to a viewport, as JPEG or PNG (PS3.18 8.3.5)."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from isocenter.errors import InvalidRequest
from isocenter.pixels.colour import rgb_of
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.display import Display
from isocenter.pixels.grey import grey_of
from isocenter.pixels.image import Image
from isocenter.pixels.rendering import Rendering, Viewport

MONOCHROME = frozenset({"MONOCHROME1", "MONOCHROME2"})


def render(
    frame: bytes, image: Image, display: Display, asked: Rendering, first_bit: int = 0
) -> bytes:
    """Bytes of the picture of one frame."""
    samples = decode_frame(frame, image, first_bit)
    photometric = decoded_photometric_interpretation(image, frame)
    shown: NDArray[np.uint8]
    if photometric in MONOCHROME or (image.samples_per_pixel == 1 and display.palette is None):
        shown = grey_of(samples, image, display, asked.window)
    else:
        shown = rgb_of(samples, image, display, photometric)
    picture = Picture.fromarray(shown)
    if asked.viewport is not None:
        picture = _fit(picture, asked.viewport)
    return _encode(picture, asked)


def _fit(picture: Picture.Image, viewport: Viewport) -> Picture.Image:
    """Cut the region and scale it to fit, its proportions kept (PS3.18 8.3.5.1.3)."""
    region_width = picture.width if viewport.region_width is None else viewport.region_width
    region_height = picture.height if viewport.region_height is None else viewport.region_height
    box = (
        max(0.0, viewport.left),
        max(0.0, viewport.top),
        min(float(picture.width), viewport.left + abs(region_width)),
        min(float(picture.height), viewport.top + abs(region_height)),
    )
    width, height = box[2] - box[0], box[3] - box[1]
    if width < 1 or height < 1:
        raise InvalidRequest("the viewport's region lies outside the image")
    scale = min(viewport.width / width, viewport.height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = picture.resize(size, Picture.Resampling.BILINEAR, box=box, reducing_gap=3.0)
    if region_width < 0:
        scaled = scaled.transpose(Picture.Transpose.FLIP_LEFT_RIGHT)
    if region_height < 0:
        scaled = scaled.transpose(Picture.Transpose.FLIP_TOP_BOTTOM)
    return scaled


def _encode(picture: Picture.Image, asked: Rendering) -> bytes:
    out = io.BytesIO()
    if asked.media_type == "image/png":
        picture.save(out, "PNG", compress_level=3)
    else:
        picture.save(out, "JPEG", quality=asked.quality)
    return out.getvalue()

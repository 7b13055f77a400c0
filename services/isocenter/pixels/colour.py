"""Colour samples to eight-bit RGB (PS3.3 C.7.6.3.1.2)."""

import numpy as np
from numpy.typing import NDArray

from isocenter.errors import UnsupportedSyntax
from isocenter.pixels.display import Display
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples

Rgb = NDArray[np.uint8]
# Y, Cb, Cr of full range (ITU-R BT.601) to R, G, B
_FULL = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]])

_PARTIAL_FOOT = np.array([16, 128, 128], np.float32)
_PARTIAL_STRETCH = np.array([255 / 219, 255 / 224, 255 / 224], np.float32)


def rgb_of(samples: Samples, image: Image, display: Display, photometric: str) -> Rgb:
    """Eight-bit RGB picture of decoded samples whose colour model is `photometric`."""
    if photometric == "PALETTE COLOR" and display.palette is not None:
        return _through_palette(samples, display)
    if samples.ndim != 3 or samples.shape[2] != 3:
        raise UnsupportedSyntax("no picture can be made of this colour model")
    eight = _eight_bits(samples, image)
    if photometric == "RGB":
        return eight
    if photometric == "YBR_FULL":
        return _rgb_from_full(eight.astype(np.float32))
    if photometric.startswith("YBR_PARTIAL"):
        spread = (eight.astype(np.float32) - _PARTIAL_FOOT) * _PARTIAL_STRETCH
        return _rgb_from_full(spread + np.asarray([0, 128, 128], np.float32))
    raise UnsupportedSyntax("no picture can be made of this colour model")


def _eight_bits(samples: Samples, image: Image) -> Rgb:
    if image.bits_stored <= 8:
        return samples.astype(np.uint8)
    eight: Rgb = np.right_shift(samples, image.bits_stored - 8).astype(np.uint8)
    return eight


def _rgb_from_full(ybr: NDArray[np.floating]) -> Rgb:
    centred = ybr - np.asarray([0, 128, 128], ybr.dtype)
    rgb = centred @ _FULL.T.astype(ybr.dtype)
    clipped: Rgb = np.clip(rgb + 0.5, 0, 255).astype(np.uint8)
    return clipped


def _through_palette(samples: Samples, display: Display) -> Rgb:
    planes = []
    for table in display.palette or ():
        wide = table.bits > 8 and int(table.entries.max(initial=0)) > 0xFF
        entries = np.right_shift(table.entries, 8 if wide else 0)
        place = np.clip(samples.astype(np.int64) - table.first, 0, len(entries) - 1)
        planes.append(entries[place].astype(np.uint8))
    return np.stack(planes, axis=-1)

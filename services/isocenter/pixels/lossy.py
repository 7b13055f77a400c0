"""Samples of one frame to bytes of a lossy transfer syntax, looked at again by another decoder. Codec processes only.

Quality is 1 to 100: that of JPEG for 8 bits, and for JPEG 2000 a peak signal-to-noise ratio from 35 to 65 dB over the
range that the samples of the frame really have.
"""

import math
from dataclasses import replace

import numpy as np
from imagecodecs import jpeg2k_encode, jpeg8_encode

from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples
from isocenter.pixels.second_opinion import decode_with_gdcm

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
_LEAST_DB, _DB_PER_QUALITY = 35.0, 0.3
_DB_PER_BIT = 20 * math.log10(2)
_MAX_MEAN_ERROR = 0.05  # of the range: more is no loss but a mistake
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})


def encode_lossy(samples: Samples, image: Image, syntax: str, quality: int) -> tuple[bytes, str]:
    """Bytes, and what the data set says of their colours (PS3.5 8.2.1, 8.2.4). `image` describes the samples.

    Raises UnsupportedSyntax for images that are not written so, InvalidInstance when it does not come back alike.
    """
    is_rgb = image.photometric_interpretation == "RGB" and image.samples_per_pixel == 3
    is_grey = image.photometric_interpretation in _GREY and image.samples_per_pixel == 1
    if not (is_rgb or is_grey) or image.is_float or image.bits_allocated not in (8, 16):
        raise UnsupportedSyntax("such an image is not compressed with loss")
    plain = np.ascontiguousarray(samples)
    try:
        if syntax == JPEG_BASELINE:
            encoded, colour = _jpeg(plain, image, quality, is_rgb=is_rgb)
        else:
            encoded, colour = _jpeg_2000(plain, quality, is_rgb=is_rgb)
    except (RuntimeError, ValueError, TypeError) as error:  # what the codec libraries raise
        raise InvalidInstance("the frame cannot be encoded") from error
    colour = colour if is_rgb else image.photometric_interpretation
    described = replace(
        image,
        transfer_syntax_uid=syntax,
        photometric_interpretation=colour,
        planar_configuration=0,
    )
    _look_again(encoded, samples, described)
    return encoded, colour


def _jpeg(samples: Samples, image: Image, quality: int, *, is_rgb: bool) -> tuple[bytes, str]:
    if samples.dtype.itemsize != 1 or image.signed:
        raise UnsupportedSyntax("JPEG baseline has unsigned samples of 8 bits")
    if not is_rgb:
        return bytes(jpeg8_encode(samples, level=quality)), ""
    made = jpeg8_encode(
        samples, level=quality, colorspace="RGB", outcolorspace="YCBCR", subsampling="422"
    )
    return bytes(made), "YBR_FULL_422"


def _jpeg_2000(samples: Samples, quality: int, *, is_rgb: bool) -> tuple[bytes, str]:
    # the encoder measures against the peak of the sample's width, which few images come near to
    unused_bits = 8 * samples.dtype.itemsize - math.log2(_range(samples) + 1)
    level = _LEAST_DB + _DB_PER_QUALITY * quality + _DB_PER_BIT * unused_bits
    made = jpeg2k_encode(
        samples, level=round(level), reversible=False, codecformat="J2K", mct=is_rgb
    )
    return bytes(made), "YBR_ICT"


def _range(samples: Samples) -> int:
    return int(samples.max()) - int(samples.min())


def _look_again(encoded: bytes, samples: Samples, image: Image) -> None:
    again = decode_with_gdcm(encoded + b"\0" * (len(encoded) % 2), image)
    if again.shape != samples.shape:
        raise InvalidInstance("the frame does not come back as large")
    if image.samples_per_pixel > 1:  # its colours are of another model there
        return
    error = np.abs(again.astype(np.int64) - samples.astype(np.int64)).mean()
    if error > max(1.0, _MAX_MEAN_ERROR * _range(samples)):
        raise InvalidInstance("the frame does not come back alike")

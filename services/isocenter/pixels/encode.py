"""Samples of one frame to bytes of a lossless transfer syntax, proven by decoding them again. Codec processes only.

The proof is a decoder's that is built apart from the encoder: OpenJPEG's for HTJ2K, which OpenJPH writes (five times
quicker than asking GDCM for the same), GDCM's for the others, for RLE of another lineage as well; only what it cannot
read at all is left to the product's own decoder. A frame that does not come back equal is not given out: colours of 16
bits in RLE, for one, which GDCM reads otherwise than others do.
"""

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from imagecodecs import htj2k_encode, jpeg2k_encode, jpeg8_encode, jpegls_encode, packbits_encode

from isocenter.dicom.transfer_syntaxes import HTJ2K_RPCL
from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples
from isocenter.pixels.second_opinion import decode_with_gdcm, decode_with_openjpeg

_JPEG = "1.2.840.10008.1.2.4"
RLE = "1.2.840.10008.1.2.5"
JPEG_LOSSLESS_SV1 = f"{_JPEG}.70"
JPEG_LS = f"{_JPEG}.80"
JPEG_2000 = f"{_JPEG}.90"
HTJ2K = f"{_JPEG}.201"
COLOUR_TRANSFORMED = frozenset({JPEG_2000, HTJ2K, HTJ2K_RPCL})  # RGB becomes YBR_RCT inside
RGB = 3  # samples
SMALLEST_SIDE = 64  # of the lowest resolution, at most (PS3.5 10.18)
SSIZ = 42  # depth and sign of the first component of a codestream; of the next 3 bytes on
_RLE_SEGMENTS = 15


def encode_frame(samples: Samples, image: Image, syntax: str) -> bytes:
    """Encode and prove. `image` describes the samples: interleaved, colour as `decode_frame` gives it.

    Raises UnsupportedSyntax for a syntax that is not written here, InvalidInstance when the frame cannot be proven.
    """
    encode = ENCODERS.get(syntax)
    if encode is None or image.is_float or image.bits_allocated not in (8, 16):
        raise UnsupportedSyntax("such an image is not written in this transfer syntax")
    try:
        encoded = bytes(encode(np.ascontiguousarray(samples), image))
    except (RuntimeError, ValueError, TypeError) as error:  # what the codec libraries raise
        raise InvalidInstance("the frame cannot be encoded") from error
    _prove(encoded, samples, replace(image, transfer_syntax_uid=syntax), syntax)
    return encoded


def photometric_of(image: Image, photometric: str, syntax: str) -> str:
    """What a data set says of the colours of frames encoded so (PS3.5 8.2.4)."""
    is_transformed = photometric == "RGB" and image.samples_per_pixel == 3
    return "YBR_RCT" if is_transformed and syntax in COLOUR_TRANSFORMED else photometric


def _prove(encoded: bytes, samples: Samples, image: Image, syntax: str) -> None:
    colour = photometric_of(image, image.photometric_interpretation, syntax)
    image = replace(image, photometric_interpretation=colour, planar_configuration=0)
    padded = encoded + b"\0" * (len(encoded) % 2)
    again = _decoded_by_another(padded, image)
    same_size = again.shape == samples.shape and again.itemsize == samples.itemsize
    if not same_size or not np.array_equal(again.view(samples.dtype), samples):
        raise InvalidInstance("the frame does not come back equal")


def _decoded_by_another(frame: bytes, image: Image) -> Samples:
    """What it reads it has the last word on."""
    if image.transfer_syntax_uid in (HTJ2K, HTJ2K_RPCL):
        return decode_with_openjpeg(frame, image)
    try:
        return decode_with_gdcm(frame, image)
    except InvalidInstance:
        return decode_frame(frame, image)


def _is_rgb(image: Image) -> bool:
    return image.photometric_interpretation == "RGB" and image.samples_per_pixel == RGB


def _unsigned(samples: Samples) -> Samples:
    return samples.view(f"u{samples.dtype.itemsize}")


def _jpeg_lossless(samples: Samples, image: Image) -> bytes:
    # by its names of components a reader knows RGB; for others no names, and never a conversion
    named = "RGB" if _is_rgb(image) else "UNKNOWN"
    colour = named if image.samples_per_pixel > 1 else None
    return bytes(
        jpeg8_encode(
            _unsigned(samples),
            lossless=True,
            predictor=1,
            bitspersample=8 * samples.dtype.itemsize,
            colorspace=colour,
            outcolorspace=colour,
        )
    )


def _jpeg_ls(samples: Samples, image: Image) -> bytes:
    del image
    room = 2 * samples.nbytes + 4096  # noise grows
    return bytes(jpegls_encode(_unsigned(samples), out=room))


def _jpeg_2000(samples: Samples, image: Image) -> bytes:
    is_rgb = _is_rgb(image)
    made = jpeg2k_encode(samples, level=0, reversible=True, codecformat="J2K", mct=is_rgb)
    return bytes(made)


def _htj2k(samples: Samples, image: Image) -> bytes:
    levels = 0
    while min(image.rows, image.columns) >> levels > SMALLEST_SIDE:
        levels += 1
    rgb = _is_rgb(image) if image.samples_per_pixel > 1 else None
    bits = _stated_bits(samples, image)
    full = 8 * samples.dtype.itemsize
    if bits < full and not image.signed:  # the coefficients of an encoder for so many bits
        samples = np.add(samples, (1 << (full - 1)) - (1 << (bits - 1)), dtype=samples.dtype)
    made = bytearray(
        htj2k_encode(samples, resolutions=levels + 1, tlm=True, tilepart=1, rgb=rgb, planar=False)
    )
    for component in range(image.samples_per_pixel):  # Ssiz (ISO/IEC 15444-1 A.5.1)
        made[SSIZ + 3 * component] = (0x80 if image.signed else 0) | (bits - 1)
    return bytes(made)


def _stated_bits(samples: Samples, image: Image) -> int:
    """Bits Stored, which readers take for the depth of a codestream; all where samples do not keep to them."""
    bits, full = image.bits_stored, 8 * samples.dtype.itemsize
    if bits >= full:
        return full
    low, high = (
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if image.signed else (0, (1 << bits) - 1)
    )
    is_within = int(samples.min()) >= low and int(samples.max()) <= high
    return bits if is_within else full


def _rle(samples: Samples, image: Image) -> bytes:
    """Byte planes, most significant first, each row by itself (PS3.5 G.3)."""
    width = samples.dtype.itemsize
    big = samples.reshape(image.rows, image.columns, -1).astype(samples.dtype.newbyteorder(">"))
    planes = big.view(np.uint8).reshape(image.rows, image.columns, -1)
    count = image.samples_per_pixel * width
    if count > _RLE_SEGMENTS:
        raise InvalidInstance("too many planes")
    segments = []
    for plane in range(count):
        rows = np.ascontiguousarray(planes[:, :, plane])
        segment = b"".join(bytes(packbits_encode(row.tobytes())) for row in rows)
        segments.append(segment + b"\0" * (len(segment) % 2))
    offsets, place = [], 64
    for segment in segments:
        offsets.append(place)
        place += len(segment)
    header = struct.pack("<16I", count, *offsets, *[0] * (_RLE_SEGMENTS - count))
    return header + b"".join(segments)


ENCODERS: dict[str, Callable[[Samples, Image], bytes]] = {
    RLE: _rle,
    JPEG_LOSSLESS_SV1: _jpeg_lossless,
    JPEG_LS: _jpeg_ls,
    JPEG_2000: _jpeg_2000,
    HTJ2K: _htj2k,
    HTJ2K_RPCL: _htj2k,
}

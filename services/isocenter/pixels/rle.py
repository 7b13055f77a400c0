"""RLE Lossless (PS3.5 Annex G): byte planes, most significant first, each a PackBits run."""

import struct
from itertools import pairwise

import numpy as np
from imagecodecs import packbits_decode

from isocenter.errors import InvalidInstance
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples

HEADER_BYTES = 64
MAX_SEGMENTS = 15


def decode_rle(frame: bytes, image: Image) -> Samples:
    """Samples of one frame; the planes of a colour image become interleaved."""
    if image.bits_allocated == 1:
        bits = np.frombuffer(_planes(frame, 1, (image.samples + 7) // 8), np.uint8)
        flat = np.unpackbits(bits, bitorder="little")[: image.samples]
        return flat.reshape(image.rows, image.columns)
    width = image.bits_allocated // 8
    pixels = image.rows * image.columns
    planes = _planes(frame, width * image.samples_per_pixel, pixels)
    shaped = np.frombuffer(planes, np.uint8).reshape(image.samples_per_pixel, width, pixels)
    little = np.ascontiguousarray(shaped[:, ::-1, :].transpose(2, 0, 1))
    dtype = np.dtype(f"<{'i' if image.signed else 'u'}{width}")
    flat_samples = little.reshape(pixels, -1).view(dtype)
    if image.samples_per_pixel == 1:
        return flat_samples.reshape(image.rows, image.columns)
    return flat_samples.reshape(image.rows, image.columns, image.samples_per_pixel)


def _planes(frame: bytes, count: int, length: int) -> bytes:
    """All planes, each cut to `length` bytes (a run may overshoot by the padding of an odd segment)."""
    if len(frame) < HEADER_BYTES:
        raise InvalidInstance("the RLE header is cut off")
    segments, *offsets = struct.unpack("<16I", frame[:HEADER_BYTES])
    if segments != count or count > MAX_SEGMENTS:
        raise InvalidInstance("the RLE segments do not fit the image")
    bounds = [*offsets[:count], len(frame)]
    if any(b < a for a, b in pairwise(bounds)) or bounds[0] < HEADER_BYTES:
        raise InvalidInstance("the RLE offsets do not fit the frame")
    out = bytearray()
    for start, end in pairwise(bounds):
        out += _unpack(frame[start:end], length)
    return bytes(out)


def _unpack(segment: bytes, length: int) -> bytes:
    plane = packbits_decode(segment, out=length + 1)
    if len(plane) < length:
        raise InvalidInstance("an RLE segment is too short")
    return bytes(plane[:length])

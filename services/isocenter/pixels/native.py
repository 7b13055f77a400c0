"""Uncompressed samples (PS3.5 8.1 and Annex A.1 to A.3): bytes to arrays without a codec."""

import numpy as np
from numpy.typing import NDArray

from isocenter.errors import InvalidInstance
from isocenter.pixels.image import Image

Samples = NDArray[np.generic]


def sample_type(image: Image) -> np.dtype[np.generic]:
    """Type of one sample as it lies in the bytes."""
    order = "<" if image.little_endian else ">"
    kind = "f" if image.is_float else ("i" if image.signed else "u")
    return np.dtype(f"{order}{kind}{max(1, image.bits_allocated // 8)}")


def decode_native(frame: bytes, image: Image, first_bit: int = 0) -> Samples:
    """Samples of one frame, which starts at `first_bit` of the bytes (once words are put right)."""
    if image.bits_allocated == 1:
        return _shape(_bits(frame, image, first_bit), image)
    if image.swapped_words:
        frame = _swap_words(frame)
    if first_bit:
        frame = frame[first_bit // 8 :]
    expected = (image.native_frame_bits + 7) // 8
    if len(frame) < expected:
        raise InvalidInstance("the frame is shorter than its description says")
    dtype = sample_type(image)
    stored = np.frombuffer(frame, dtype, expected // dtype.itemsize)
    flat = extend_sign(stored.astype(dtype.newbyteorder("<"), copy=False), image)
    if image.photometric_interpretation == "YBR_FULL_422":
        return _upsample_422(flat, image)
    return _shape(flat, image)


def extend_sign(samples: Samples, image: Image) -> Samples:
    """Signed samples whose sign bit lies below the top bit get their sign; what lay above Bits Stored is lost."""
    if not image.signed or image.bits_stored in (image.bits_allocated, 1) or image.is_float:
        return samples
    wide = samples.astype(np.int64) & ((1 << image.bits_stored) - 1)
    sign = 1 << (image.bits_stored - 1)
    return ((wide ^ sign) - sign).astype(sample_type(image).newbyteorder("<"))


def _swap_words(frame: bytes) -> bytes:
    padded = frame + b"\0" * (len(frame) % 2)
    return np.frombuffer(padded, "<u2").byteswap().tobytes()


def _bits(frame: bytes, image: Image, first_bit: int) -> Samples:
    # PS3.5 8.1.1: the first pixel is the least significant bit of the first byte
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
    if bits.size < first_bit + image.samples:
        raise InvalidInstance("the frame is shorter than its description says")
    return bits[first_bit : first_bit + image.samples]


def _shape(flat: Samples, image: Image) -> Samples:
    rows, columns, samples = image.rows, image.columns, image.samples_per_pixel
    if samples == 1:
        return flat.reshape(rows, columns)
    if image.planar_configuration == 1:
        return np.ascontiguousarray(flat.reshape(samples, rows, columns).transpose(1, 2, 0))
    return flat.reshape(rows, columns, samples)


def _upsample_422(flat: Samples, image: Image) -> Samples:
    # PS3.3 C.7.6.3.1.2: Y Y Cb Cr for two neighbours of a row
    if image.columns % 2 or image.samples_per_pixel != 3:
        raise InvalidInstance("4:2:2 needs an even number of columns")
    quads = flat.reshape(-1, 4)
    out = np.empty((quads.shape[0], 2, 3), flat.dtype.newbyteorder("<"))
    out[:, :, 0] = quads[:, :2]
    out[:, :, 1:] = quads[:, None, 2:]
    return out.reshape(image.rows, image.columns, 3)

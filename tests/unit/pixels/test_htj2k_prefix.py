"""The codestreams of HTJ2K with resolutions first: a beginning of them is a smaller picture, exactly."""

import numpy as np
import pytest

from isocenter.dicom.transfer_syntaxes import HTJ2K_RPCL
from isocenter.pixels.encode import SMALLEST_SIDE, encode_frame
from isocenter.pixels.htj2k import decode_htj2k
from isocenter.pixels.image import Image

_COD, _TLM, _SOT = b"\xff\x52", 0xFF55, 0xFF90
_RPCL = 2  # ISO/IEC 15444-1 table A.16


def _image(rows: int, columns: int, samples: int, bits: int, sign: int) -> Image:
    colour = "RGB" if samples > 1 else "MONOCHROME2"
    allocated = 8 if bits <= 8 else 16
    explicit = "1.2.840.10008.1.2.1"
    return Image(explicit, rows, columns, samples, allocated, bits, sign, colour)


def _edges(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.integer]]:
    """Hard edges between the extremes, where a wavelet undershoots, and noise."""
    low = -(1 << (image.bits_stored - 1)) if image.signed else 0
    high = low + (1 << image.bits_stored) - 1
    shape = (image.rows, image.columns, image.samples_per_pixel)
    made = np.random.default_rng(1).integers(low, high, shape, endpoint=True)
    made[: image.rows // 2, ::7] = low
    made[: image.rows // 2, 1::7] = high
    kind = f"<{'i' if image.signed else 'u'}{image.bits_allocated // 8}"
    return np.ascontiguousarray(made.squeeze().astype(kind))


def _markers(stream: bytes) -> dict[int, int]:
    """Where each marker of the main header is, the first tile-part's included (ISO/IEC 15444-1 A.2)."""
    found, place = {}, 2
    while _SOT not in found:
        found[int.from_bytes(stream[place : place + 2], "big")] = place
        place += 2 + int.from_bytes(stream[place + 2 : place + 4], "big")
    return found


def _ends_of_tile_parts(stream: bytes) -> list[int]:
    ends, place = [], _markers(stream)[_SOT]
    while int.from_bytes(stream[place : place + 2], "big") == _SOT:
        place += int.from_bytes(stream[place + 6 : place + 10], "big")
        ends.append(place)
    return ends


@pytest.mark.parametrize(
    ("rows", "columns", "samples", "bits", "sign"),
    [(512, 512, 1, 16, 1), (300, 484, 1, 12, 0), (333, 511, 1, 16, 0), (240, 320, 3, 8, 0)],
)
def test_a_beginning_decodes_to_exactly_the_smaller_picture(
    rows: int, columns: int, samples: int, bits: int, sign: int
) -> None:
    image = _image(rows, columns, samples, bits, sign)
    source = _edges(image)
    stream = encode_frame(source, image, HTJ2K_RPCL)
    header = _markers(stream)
    cod = header[int.from_bytes(_COD, "big")]
    levels = stream[cod + 9]
    assert stream[cod + 5] == _RPCL
    assert _TLM in header
    assert min(rows, columns) / 2**levels <= SMALLEST_SIDE
    ends = _ends_of_tile_parts(stream)
    assert len(ends) == levels + 1
    for resolution, end in enumerate(ends):
        skipped = levels - resolution
        part = decode_htj2k(stream[:end], skipped)
        assert part.shape[:2] == (-(-rows // 2**skipped), -(-columns // 2**skipped))
        assert np.array_equal(part, decode_htj2k(stream, skipped))
    assert np.array_equal(decode_htj2k(stream), source)

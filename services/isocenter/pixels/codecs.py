"""Which codec reads which transfer syntax: one function per family, bytes of one frame to samples as encoded."""

from collections.abc import Callable

import numpy as np
from imagecodecs import jpeg2k_decode, jpeg8_decode, jpegls_decode

from isocenter.errors import InvalidInstance
from isocenter.pixels.htj2k import decode_htj2k
from isocenter.pixels.image import Image
from isocenter.pixels.inflate import inflate_frame
from isocenter.pixels.native import Samples, decode_native
from isocenter.pixels.rle import decode_rle

Codec = Callable[[bytes, Image], Samples]

_CODESTREAM = b"\xff\x4f\xff\x51"
MAX_COMPONENTS = 4


def _jpeg(frame: bytes, image: Image) -> Samples:
    _check_jpeg_size(frame, image)
    if image.samples_per_pixel == 3:  # equal colour spaces: the components come out as encoded
        return np.asarray(jpeg8_decode(frame, colorspace="YCBCR", outcolorspace="YCBCR"))
    return np.asarray(jpeg8_decode(frame))


def _jpeg_ls(frame: bytes, image: Image) -> Samples:
    _check_jpeg_size(frame, image)
    return np.asarray(jpegls_decode(frame))


def _jpeg_2000(frame: bytes, image: Image) -> Samples:
    _check_codestream_size(frame, image)
    return np.asarray(jpeg2k_decode(frame, planar=False, numthreads=1))


def _htj2k(frame: bytes, image: Image) -> Samples:
    _check_codestream_size(frame, image)
    return decode_htj2k(frame)


def _deflated(frame: bytes, image: Image) -> Samples:
    return decode_native(inflate_frame(frame, (image.native_frame_bits + 7) // 8), image)


def _check_codestream_size(frame: bytes, image: Image) -> None:
    """The codestream's own size decides what a codec allocates, so it is compared before one is asked."""
    start = frame.find(_CODESTREAM, 0, 4096)
    if start < 0 or len(frame) < start + 42:
        raise InvalidInstance("not a JPEG 2000 codestream")
    edges = [int.from_bytes(frame[start + at : start + at + 4], "big") for at in (8, 12, 16, 20)]
    width, height = edges[0] - edges[2], edges[1] - edges[3]
    components = int.from_bytes(frame[start + 40 : start + 42], "big")
    if (width, height) != (image.columns, image.rows) or components > MAX_COMPONENTS:
        raise InvalidInstance("the codestream has another size than the image")


def _check_jpeg_size(frame: bytes, image: Image) -> None:
    for marker, place in jpeg_segments(frame):
        if marker in _START_OF_FRAME:
            height = int.from_bytes(frame[place + 3 : place + 5], "big")
            width = int.from_bytes(frame[place + 5 : place + 7], "big")
            if (width, height) != (image.columns, image.rows):
                raise InvalidInstance("the JPEG stream has another size than the image")
            return
    raise InvalidInstance("the JPEG stream has no frame header")


# ISO/IEC 10918-1 table B.1 without DHT, JPG and DAC; 0xF7 is JPEG-LS (ISO/IEC 14495-1 C.1.1)
_START_OF_FRAME = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}
_START_OF_SCAN = 0xDA
MAX_SEGMENTS = 512


def jpeg_segments(frame: bytes) -> list[tuple[int, int]]:
    """Markers before the first scan, each with the place of its length field."""
    found: list[tuple[int, int]] = []
    place = 2
    while place + 4 <= len(frame) and frame[place] == 0xFF and len(found) < MAX_SEGMENTS:
        marker = frame[place + 1]
        if marker == 0xFF:  # fill bytes
            place += 1
            continue
        if marker == _START_OF_SCAN:
            break
        found.append((marker, place + 2))
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return found


_JPEG = "1.2.840.10008.1.2.4"
CODECS: dict[str, Codec] = {
    **dict.fromkeys((f"{_JPEG}.50", f"{_JPEG}.51", f"{_JPEG}.53", f"{_JPEG}.55"), _jpeg),
    **dict.fromkeys((f"{_JPEG}.57", f"{_JPEG}.70"), _jpeg),
    **dict.fromkeys((f"{_JPEG}.80", f"{_JPEG}.81"), _jpeg_ls),
    **dict.fromkeys((f"{_JPEG}.90", f"{_JPEG}.91"), _jpeg_2000),
    **dict.fromkeys((f"{_JPEG}.201", f"{_JPEG}.202", f"{_JPEG}.203"), _htj2k),
    "1.2.840.10008.1.2.5": decode_rle,
    "1.2.840.10008.1.2.8.1": _deflated,
    "1.2.840.10008.1.2": decode_native,
    "1.2.840.10008.1.2.1": decode_native,
    "1.2.840.10008.1.2.1.99": decode_native,
    "1.2.840.10008.1.2.2": decode_native,
}
JPEG_SYNTAXES = frozenset(f"{_JPEG}.{n}" for n in (50, 51, 53, 55, 57, 70))

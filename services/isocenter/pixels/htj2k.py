"""HTJ2K decoding that clips (the codec wraps wavelet undershoot of unsigned samples round to white)."""

import numpy as np
from imagecodecs import htj2k_decode

from isocenter.errors import InvalidInstance
from isocenter.pixels.native import Samples

_SIZ = b"\xff\x4f\xff\x51"
_COMPONENTS = (
    40  # Csiz, two bytes, then three bytes per component from 42 on (ISO/IEC 15444-1 A.5.1)
)
_SIGNED_24_BIT = 0x80 | 23
MAX_SAFE_BITS = 16
MAX_COMPONENTS = 4


def decode_htj2k(stream: bytes, skip_levels: int = 0) -> Samples:
    """Samples of a whole or cut-off codestream; `skip_levels` halves the size that often.

    Up to 16 bits the stream is read as if it were signed 24 bit, which leaves out level shift and wrapping; the shift
    is added and the result clipped here. Deeper samples are decoded as they are.
    """
    if not stream.startswith(_SIZ) or len(stream) < _COMPONENTS + 5:
        raise InvalidInstance("not a JPEG 2000 codestream")
    components = int.from_bytes(stream[_COMPONENTS : _COMPONENTS + 2], "big")
    precision = stream[_COMPONENTS + 2]
    bits = (precision & 0x7F) + 1
    if not 0 < components <= MAX_COMPONENTS:
        raise InvalidInstance("too many components")
    if bits > MAX_SAFE_BITS:
        deep: Samples = htj2k_decode(stream, skipres=skip_levels, planar=False, resilient=True)
        return deep
    patched = bytearray(stream)
    for component in range(components):
        patched[_COMPONENTS + 2 + 3 * component] = _SIGNED_24_BIT
    raw: Samples = np.asarray(
        htj2k_decode(bytes(patched), skipres=skip_levels, planar=False, resilient=True)
    )
    if precision & 0x80:
        low, high, kind = -(1 << (bits - 1)), (1 << (bits - 1)) - 1, "i"
    else:
        raw = raw + (1 << (bits - 1))
        low, high, kind = 0, (1 << bits) - 1, "u"
    clipped: Samples = np.clip(raw, low, high).astype(f"<{kind}{1 if bits <= 8 else 2}")
    return clipped

"""Bytes of one frame to samples: any transfer syntax this platform reads. Runs in codec processes only."""

from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels.codecs import CODECS, JPEG_SYNTAXES, jpeg_segments
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples, decode_native, extend_sign, sample_type
from isocenter.pixels.second_opinion import decode_with_gdcm

_ADOBE = 0xEE


def decode_frame(frame: bytes, image: Image, first_bit: int = 0) -> Samples:
    """Samples of one frame, `(rows, columns)` or `(rows, columns, samples)`, little endian, colour not converted.

    Samples have the width of Bits Allocated and the sign of Pixel Representation; one-bit samples are bytes of 0 and 1.
    Chroma that was stored at half size is brought to full size. Memory is bounded by `image`, to be checked before.

    Raises:
        UnsupportedSyntax: no codec for this transfer syntax.
        InvalidInstance: the bytes are not such a frame.
    """
    codec = CODECS.get(image.transfer_syntax_uid)
    if codec is None:
        raise UnsupportedSyntax(
            "no codec reads this transfer syntax", transfer_syntax_uid=image.transfer_syntax_uid
        )
    if codec is decode_native:
        return decode_native(frame, image, first_bit)
    try:
        samples = codec(frame, image)
    except (RuntimeError, ValueError, TypeError) as error:  # what the codec libraries raise
        if image.transfer_syntax_uid == "1.2.840.10008.1.2.5":
            raise InvalidInstance("the frame cannot be decoded") from error
        samples = decode_with_gdcm(frame, image)
    return _as_described(samples, image)


def decoded_photometric_interpretation(image: Image, frame: bytes) -> str:
    """Colour model of what `decode_frame` returns: codecs undo YBR_ICT and YBR_RCT, and chroma is at full size."""
    stated = image.photometric_interpretation
    if image.samples_per_pixel != 3:
        return stated
    if stated in ("YBR_ICT", "YBR_RCT"):
        return "RGB"
    if image.transfer_syntax_uid in JPEG_SYNTAXES and _adobe_says_no_transform(frame):
        return "RGB"
    return "YBR_FULL" if stated.startswith("YBR_FULL") else stated


def _adobe_says_no_transform(frame: bytes) -> bool:
    for marker, place in jpeg_segments(frame):
        if marker == _ADOBE and frame[place + 2 : place + 7] == b"Adobe":
            return frame[place + 13 : place + 14] == b"\x00"
    return False


def _as_described(samples: Samples, image: Image) -> Samples:
    """Give codec output the width and sign the data set promises (they often disagree about the sign)."""
    expected: tuple[int, ...] = (image.rows, image.columns)
    if image.samples_per_pixel > 1:
        expected = (*expected, image.samples_per_pixel)
    if samples.shape != expected:
        raise InvalidInstance("the frame has another size than the image")
    target = sample_type(image).newbyteorder("<")
    if samples.dtype.kind == "f" or samples.dtype == target:
        return samples
    if image.signed and samples.dtype.kind == "u":
        return extend_sign(samples.astype(sample_type(image).newbyteorder("<")), image)
    return samples.astype(target)

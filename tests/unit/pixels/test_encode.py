"""Frames brought into lossless transfer syntaxes: pydicom's decoders give back what was encoded, or it is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.dicom.transfer_syntaxes import HTJ2K_RPCL, LOSSLESS_WRITTEN
from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels import encode
from isocenter.pixels.encode import ENCODERS, encode_frame, photometric_of
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples

FORMATS = [(8, 8, 0), (8, 8, 1), (16, 12, 0), (16, 12, 1), (16, 16, 0), (16, 16, 1)]


def image_of(
    rows: int, columns: int, samples: int, bits: tuple[int, int, int], colour: str
) -> Image:
    allocated, stored, sign = bits
    return Image("1.2.840.10008.1.2.1", rows, columns, samples, allocated, stored, sign, colour)


def noise(image: Image, seed: int) -> Samples:
    low, high = (-(1 << image.bits_stored - 1), 1 << image.bits_stored - 1)
    if not image.signed:
        low, high = 0, 1 << image.bits_stored
    shape = (image.rows, image.columns, *([3] if image.samples_per_pixel == 3 else []))
    kind = f"{'i' if image.signed else 'u'}{image.bits_allocated // 8}"
    return np.random.default_rng(seed).integers(low, high, shape).astype(kind)


def test_encoders_are_the_syntaxes_that_are_offered() -> None:
    assert set(ENCODERS) == set(LOSSLESS_WRITTEN)


@pytest.mark.parametrize("syntax", LOSSLESS_WRITTEN)
@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 70),
    bits=st.sampled_from(FORMATS),
    colour=st.sampled_from(["MONOCHROME2", "RGB", "YBR_FULL", "PALETTE COLOR"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_noise_of_any_format_comes_back_or_is_refused(
    syntax: str, rows: int, columns: int, bits: tuple[int, int, int], colour: str, seed: int
) -> None:
    samples = 3 if colour in ("RGB", "YBR_FULL") else 1
    image = image_of(rows, columns, samples, bits, colour)
    try:
        encoded = encode_frame(noise(image, seed), image, syntax)
    except InvalidInstance:  # then nothing is given out
        is_deep_colour_in_rle = syntax == encode.RLE and samples == 3 and bits[0] == 16
        assert min(rows, columns) < 8 or is_deep_colour_in_rle
        return
    assert encoded


def test_frame_that_does_not_come_back_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_of(32, 32, 1, (16, 12, 0), "MONOCHROME2")
    honest = ENCODERS[encode.JPEG_LS]
    monkeypatch.setitem(ENCODERS, encode.JPEG_LS, lambda a, i: honest(a ^ 1, i))
    with pytest.raises(InvalidInstance, match="does not come back equal"):
        encode_frame(noise(image, 1), image, encode.JPEG_LS)


@pytest.mark.parametrize(
    ("second", "syntax"),
    [("decode_with_gdcm", encode.JPEG_LS), ("decode_with_openjpeg", HTJ2K_RPCL)],
)
def test_the_second_decoder_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch, second: str, syntax: str
) -> None:
    image = image_of(32, 32, 1, (16, 12, 0), "MONOCHROME2")
    samples = noise(image, 1)
    monkeypatch.setattr(encode, second, lambda frame, described: np.flip(samples))
    with pytest.raises(InvalidInstance, match="does not come back equal"):
        encode_frame(samples, image, syntax)


@pytest.mark.parametrize("sign", [0, 1])
def test_the_codestream_states_bits_stored_unless_samples_reach_beyond(sign: int) -> None:
    image = image_of(70, 70, 1, (16, 12, sign), "MONOCHROME2")
    samples = noise(image, 1)
    assert depth(encode_frame(samples, image, HTJ2K_RPCL)) == (12, sign)
    samples[3, 3] = 8192  # an overlay in a high bit, say
    assert depth(encode_frame(samples, image, HTJ2K_RPCL)) == (16, sign)


def depth(stream: bytes) -> tuple[int, int]:
    return (stream[encode.SSIZ] & 0x7F) + 1, stream[encode.SSIZ] >> 7


@pytest.mark.parametrize("bits", [(1, 1, 0), (32, 32, 0)])
def test_what_is_not_written_is_said(bits: tuple[int, int, int]) -> None:
    image = image_of(8, 8, 1, bits, "MONOCHROME2")
    with pytest.raises(UnsupportedSyntax):
        encode_frame(np.zeros((8, 8), "u1"), image, encode.JPEG_2000)
    with pytest.raises(UnsupportedSyntax):
        encode_frame(np.zeros((8, 8), "u1"), image, "1.2.840.10008.1.2.4.50")


def test_colours_are_said_to_be_transformed_where_they_are() -> None:
    rgb = image_of(8, 8, 3, (8, 8, 0), "RGB")
    assert photometric_of(rgb, "RGB", encode.JPEG_2000) == "YBR_RCT"
    assert photometric_of(rgb, "RGB", encode.JPEG_LS) == "RGB"
    assert photometric_of(rgb, "YBR_FULL", encode.HTJ2K) == "YBR_FULL"

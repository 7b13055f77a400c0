"""Every transfer syntax of the real files to samples, against the hashes of their manifest."""

import csv
import zlib
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames
from tests.support.dicom_files import TEST_DATA
from tests.support.images import located

from isocenter.errors import InvalidInstance, LimitExceeded, UnsupportedSyntax
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.image import Image, image_of
from isocenter.pixels.inflate import inflated_range

ELE = "1.2.840.10008.1.2.1"
MANIFEST = TEST_DATA / "manifest.csv"
# Lossy 12-bit JPEG: decoders round differently, by 1 at most; the manifest's is another one
OTHER_ROUNDING = "1.2.840.10008.1.2.4.51"


def _rows() -> list[dict[str, str]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["decoded_sha256"]]


def _by_folder() -> dict[str, list[dict[str, str]]]:
    folders: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows():
        folders[row["file"].split("/")[1]].append(row)
    return folders


def _hash_of(path: Path) -> tuple[str, Image]:
    found = located(path)
    digest = sha256()
    for frame, first_bit in found.frames():
        digest.update(decode_frame(frame, found.image, first_bit).tobytes())
    return digest.hexdigest(), found.image


def _hash_of_refused(path: Path, syntax: str) -> tuple[str, Image]:
    """Of a file that is not accepted for want of UIDs: located by pydicom."""
    dataset = pydicom.dcmread(path, force=True)
    document = dataset.group_dataset(0x28).to_json_dict(bulk_data_element_handler=lambda _: "")
    image = image_of(document, syntax)
    digest = sha256()
    for frame in generate_frames(dataset.PixelData, number_of_frames=image.number_of_frames):
        digest.update(decode_frame(frame, image).tobytes())
    return digest.hexdigest(), image


@pytest.mark.skipif(not MANIFEST.is_file(), reason="no real DICOM files: set ISOCENTER_TEST_DATA")
@pytest.mark.parametrize("folder", sorted(_by_folder()) or ["none"])
def test_real_images_decode_to_the_samples_of_the_manifest(folder: str) -> None:
    differing: list[str] = []
    for row in _by_folder()[folder]:
        path = TEST_DATA / row["file"]
        try:
            found, image = _hash_of(path)
        except InvalidInstance as error:
            assert "uid" in str(error.fields["code"])
            found, image = _hash_of_refused(path, row["transfer_syntax"])
        if found != row["decoded_sha256"] and image.transfer_syntax_uid != OTHER_ROUNDING:
            differing.append(row["file"])
    assert not differing


def _image(**given: object) -> Image:
    fields: dict[str, object] = {"transfer_syntax_uid": ELE, "rows": 2, "columns": 3, **given}
    return Image(**fields)  # type: ignore[arg-type]


def test_planes_become_pixels() -> None:
    image = _image(
        samples_per_pixel=3, bits_allocated=8, bits_stored=8, planar_configuration=1,
        photometric_interpretation="RGB",
    )  # fmt: skip
    samples = decode_frame(bytes(range(18)), image)
    assert samples.shape == (2, 3, 3)
    assert samples[0, 0].tolist() == [0, 6, 12]


def test_signed_samples_get_the_sign_at_bits_stored() -> None:
    image = _image(bits_stored=12, pixel_representation=1)
    frame = np.array([0, 1, 0x7FF, 0x800, 0xFFF, 0xF001], "<u2").tobytes()
    assert decode_frame(frame, image).ravel().tolist() == [0, 1, 2047, -2048, -1, 1]


def test_bits_start_at_the_least_significant_one_wherever_the_frame_starts() -> None:
    image = _image(bits_allocated=1, bits_stored=1)
    assert decode_frame(b"\x15", image).ravel().tolist() == [1, 0, 1, 0, 1, 0]
    assert decode_frame(b"\x54\x00", image, first_bit=2).ravel().tolist() == [1, 0, 1, 0, 1, 0]


def test_samples_in_swapped_words_start_at_either_byte() -> None:
    image = _image(bits_allocated=8, bits_stored=8, columns=1, rows=3, swapped_words=True)
    assert decode_frame(b"\2\1\4\3", image).ravel().tolist() == [1, 2, 3]
    assert decode_frame(b"\4\3\6\5", image, first_bit=8).ravel().tolist() == [4, 5, 6]


def test_two_pixels_share_their_chroma_in_422() -> None:
    image = _image(
        rows=1, columns=2, samples_per_pixel=3, bits_allocated=8, bits_stored=8,
        photometric_interpretation="YBR_FULL_422",
    )  # fmt: skip
    assert decode_frame(b"\x0a\x14\x1e\x28", image)[0].tolist() == [[10, 30, 40], [20, 30, 40]]


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.8.1",
    ],
)
@pytest.mark.parametrize(
    "frame", [b"", b"\0", b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51" + b"\xff" * 60]
)
def test_what_is_no_such_frame_is_refused_on_purpose(syntax: str, frame: bytes) -> None:
    with pytest.raises(InvalidInstance):
        decode_frame(frame, _image(transfer_syntax_uid=syntax))


def test_a_syntax_without_codec_is_named() -> None:
    with pytest.raises(UnsupportedSyntax) as caught:
        decode_frame(b"", _image(transfer_syntax_uid="1.2.840.10008.1.2.4.110"))
    assert caught.value.fields["transfer_syntax_uid"] == "1.2.840.10008.1.2.4.110"


def test_the_codestreams_own_size_is_compared_before_memory_is_taken() -> None:
    import imagecodecs

    large = bytes(imagecodecs.jpeg2k_encode(np.zeros((64, 64), np.uint8), codecformat="j2k"))
    image = _image(transfer_syntax_uid="1.2.840.10008.1.2.4.90", bits_allocated=8, bits_stored=8)
    with pytest.raises(InvalidInstance, match="another size"):
        decode_frame(large, image)


def test_the_budget_is_checked_from_the_description_alone() -> None:
    image = _image(rows=60_000, columns=60_000)
    with pytest.raises(LimitExceeded):
        image.within(1 << 30)


@pytest.mark.parametrize(
    "given", [{"rows": 0}, {"bits_allocated": 12}, {"samples_per_pixel": 2}, {"bits_stored": 17}]
)
def test_a_description_that_fits_no_image_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInstance):
        _image(**given)


def test_reversible_colour_transforms_are_undone_by_the_codec() -> None:
    image = _image(photometric_interpretation="YBR_RCT", samples_per_pixel=3)
    assert decoded_photometric_interpretation(image, b"") == "RGB"


def test_a_deflate_bomb_is_stopped_at_its_bound(tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = squeeze.compress(b"\0" * (64 << 20)) + squeeze.flush()
    path = tmp_path / "bomb"
    path.write_bytes(bomb)
    with path.open("rb") as file, pytest.raises(LimitExceeded):
        inflated_range(file, 60 << 20, 61 << 20, 8 << 20)

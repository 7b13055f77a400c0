"""Objects as a receiver can take them: what is lost is said and bounded, what is not lost is equal, names are new."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)
from tests.support.enhanced_images import enhanced
from tests.support.enhanced_images import written as write

from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels.divided import divided_of
from isocenter.pixels.jobs import Shape
from isocenter.pixels.shaped import MAX_FILES, shaped_files
from isocenter.pixels.source import Source

MAX_BYTES = 64 << 20
SIDE = 64
PLAIN = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


def image(samples: np.ndarray[tuple[int, ...], np.dtype[np.generic]], **more: object) -> Dataset:
    """A CT or colour image with these samples."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.3.5"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.Rows, made.Columns = samples.shape[:2]
    made.SamplesPerPixel = 1 if samples.ndim == 2 else 3
    made.PhotometricInterpretation = "MONOCHROME2" if samples.ndim == 2 else "RGB"
    if samples.ndim > 2:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = 8 * samples.dtype.itemsize
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(samples.dtype.kind == "i")
    made.PixelData = samples.tobytes()
    made["PixelData"].VR = "OW" if samples.dtype.itemsize > 1 else "OB"
    for keyword, value in more.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def ramp(kind: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """A smooth picture with some noise, of CT's range where it is 16 bits."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    noise = np.random.default_rng(7).normal(0, 2, (SIDE, SIDE))
    plain = 120 + 60 * np.sin(x / 9) + 40 * np.cos(y / 7) + noise
    made: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
    made = (plain * 8 - 1024 if kind == "<i2" else plain).astype(kind)
    return made


def shaped(made: Dataset, folder: Path, syntax: str, **shape: int) -> Dataset:
    path = write(made, folder / "stored.dcm")
    made_files = shaped_files(Source(str(path)), Shape(**shape), syntax, MAX_BYTES)
    again = dcmread(BytesIO(divided_of(*made_files).files[0]))
    assert again.file_meta.TransferSyntaxUID == syntax
    assert again.file_meta.MediaStorageSOPInstanceUID == again.SOPInstanceUID
    return again


@pytest.mark.parametrize(
    ("kind", "syntax", "method"),
    [
        ("<i2", JPEG2000, "ISO_15444_1"),
        ("<u2", JPEG2000, "ISO_15444_1"),
        ("u1", JPEG2000, "ISO_15444_1"),
        ("u1", JPEGBaseline8Bit, "ISO_10918_1"),
    ],
)
def test_what_lost_something_says_so_and_is_another_object(
    tmp_path: Path, kind: str, syntax: str, method: str
) -> None:
    samples = ramp(kind)
    again = shaped(image(samples), tmp_path, syntax, quality=60)
    assert again.LossyImageCompression == "01"
    assert again.LossyImageCompressionMethod == method
    assert again.LossyImageCompressionRatio > 1.5
    assert again.ImageType == ["DERIVED", "PRIMARY", "AXIAL"]
    assert method in again.DerivationDescription
    assert again.DerivationCodeSequence[0].CodeValue == "113040"
    [source] = again.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == "1.2.3.4" != again.SOPInstanceUID
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert again.SeriesInstanceUID == "1.2.3.5"
    off = np.abs(again.pixel_array.astype(int) - samples.astype(int))
    assert off.mean() < 0.02 * (int(samples.max()) - int(samples.min()))


def test_colours_come_back_alike(tmp_path: Path) -> None:
    samples = np.stack([ramp("u1"), 255 - ramp("u1"), ramp("u1") // 2], axis=2)
    jpeg = shaped(image(samples), tmp_path, JPEGBaseline8Bit, quality=90)
    assert jpeg.PhotometricInterpretation == "YBR_FULL_422"
    j2k = shaped(image(samples), tmp_path, JPEG2000, quality=90)
    assert j2k.PhotometricInterpretation == "YBR_ICT"
    assert np.abs(j2k.pixel_array.astype(int) - samples.astype(int)).mean() < 4


def test_more_quality_is_more_of_the_picture(tmp_path: Path) -> None:
    ratios = [
        shaped(image(ramp("<i2")), tmp_path, JPEG2000, quality=quality).LossyImageCompressionRatio
        for quality in (20, 60, 100)
    ]
    assert ratios == sorted(ratios, reverse=True)


def test_name_is_a_function_of_the_source_and_how_it_was_made(tmp_path: Path) -> None:
    made = image(ramp("<i2"))
    names = [
        shaped(made, tmp_path, JPEG2000, quality=quality).SOPInstanceUID for quality in (60, 60, 61)
    ]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("made", "syntax"),
    [
        (image(ramp("<i2"), LossyImageCompression="01"), JPEG2000),
        (image(ramp("<i2")), JPEGBaseline8Bit),
        (image(ramp("u1"), PhotometricInterpretation="PALETTE COLOR"), JPEG2000),
        (image(ramp("<i2")), ExplicitVRBigEndian),
    ],
    ids=["lost something before", "16 bits", "palette", "big endian"],
)
def test_what_cannot_be_had_so_is_refused(tmp_path: Path, made: Dataset, syntax: str) -> None:
    with pytest.raises(UnsupportedSyntax):
        shaped(made, tmp_path, syntax, quality=60)


@pytest.mark.parametrize("syntax", [*PLAIN, DeflatedExplicitVRLittleEndian, JPEG2000Lossless])
def test_later_part_has_names_of_its_own_and_equal_pixels(tmp_path: Path, syntax: str) -> None:
    made = image(ramp("<i2"), SeriesDescription="x" * 64)
    first, second, third = (shaped(made, tmp_path, syntax, part=part) for part in (1, 2, 3))
    assert (first.SOPInstanceUID, first.SeriesInstanceUID) == ("1.2.3.4", "1.2.3.5")
    assert len({first.SeriesInstanceUID, second.SeriesInstanceUID, third.SeriesInstanceUID}) == 3
    assert len({first.SOPInstanceUID, second.SOPInstanceUID, third.SOPInstanceUID}) == 3
    assert second.SeriesDescription == "x" * 55 + " (part 2)"
    assert second.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert second.StudyInstanceUID == first.StudyInstanceUID
    for one in (first, second, third):
        assert np.array_equal(one.pixel_array, ramp("<i2"))


@pytest.mark.parametrize("syntax", [*PLAIN, JPEG2000Lossless])
def test_frame_of_an_enhanced_object_is_a_classic_image(tmp_path: Path, syntax: str) -> None:
    made = enhanced("CT", {}, [{}, {}, {}])
    frames = [shaped(made, tmp_path, syntax, frame_number=number) for number in (1, 3)]
    assert {one.SOPClassUID for one in frames} == {"1.2.840.10008.5.1.4.1.1.2"}
    assert [int(one.InstanceNumber) for one in frames] == [1, 3]
    assert [int(one.pixel_array.max()) for one in frames] == [1, 3]
    assert len({one.SeriesInstanceUID for one in frames} | {made.SeriesInstanceUID}) == 2
    with pytest.raises(InvalidInstance):
        shaped(made, tmp_path, syntax, frame_number=4)


def test_frames_that_follow_come_with_it_so_many_at_once(tmp_path: Path) -> None:
    path = write(enhanced("CT", {}, [{} for _ in range(MAX_FILES + 4)]), tmp_path / "stored.dcm")
    for first, count in ((1, MAX_FILES), (MAX_FILES + 1, 4)):
        made = shaped_files(
            Source(str(path)), Shape(frame_number=first), ExplicitVRLittleEndian, MAX_BYTES
        )
        numbers = [int(dcmread(BytesIO(one)).InstanceNumber) for one in divided_of(*made).files]
        assert numbers == list(range(first, first + count))


def test_what_is_not_enhanced_has_no_frames_to_give(tmp_path: Path) -> None:
    with pytest.raises(InvalidInstance):
        shaped(image(ramp("<i2")), tmp_path, ExplicitVRLittleEndian, frame_number=1)


@pytest.mark.parametrize("stored", [DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_stored_transfer_syntax_does_not_matter(tmp_path: Path, stored: str) -> None:
    made = image(ramp("<i2"))
    made.file_meta.TransferSyntaxUID = stored
    again = shaped(made, tmp_path, ExplicitVRLittleEndian, part=2)
    assert np.array_equal(again.pixel_array, ramp("<i2"))

"""A classic series as one enhanced object, and back: the same pixels, references to what it was made of."""

import random
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.enhanced_images import errors_of, written

from isocenter.conversion.classic import classic_images
from isocenter.conversion.legacy import is_classic, legacy_enhanced
from isocenter.errors import InvalidInstance

# dciodvfy of 2022 does not count Conversion Source Attributes as references, which the module has to name then.
NOT_COUNTED = "ReferencedSeriesSequence present but Instance does not reference Instances"
# What the library does not take over, or says in the words that legacy converted objects have to use.
MAY_CHANGE = {
    "ImageType", "ImagesInAcquisition", "RescaleType", "SeriesDescription", "LargestImagePixelValue",
    "SmallestImagePixelValue",
}  # fmt: skip
OWN = {"SOPInstanceUID", "SeriesInstanceUID", "InstanceNumber", "SourceImageSequence"}


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    real_files()
    return sorted((TEST_DATA / "files" / "mr_ge_fse_pd").glob("*.dcm"))


@pytest.fixture
def series(paths: list[Path]) -> list[Dataset]:
    return [dcmread(path) for path in paths]


def test_a_real_series_is_one_object_with_the_same_pixels(
    series: list[Dataset], paths: list[Path], tmp_path: Path
) -> None:
    whole = dcmread(written(legacy_enhanced(series), tmp_path / "whole.dcm"))
    assert whole.NumberOfFrames == len(series)
    assert whole.SOPClassUID == "1.2.840.10008.5.1.4.1.1.4.4"
    by_uid = {str(image.SOPInstanceUID): image.PixelData for image in series}
    length = len(series[0].PixelData)
    for number, group in enumerate(whole.PerFrameFunctionalGroupsSequence):
        (source,) = group.ConversionSourceAttributesSequence
        frame = whole.PixelData[number * length : (number + 1) * length]
        assert by_uid.pop(source.ReferencedSOPInstanceUID) == frame
    assert by_uid == {}


def test_no_error_is_new(series: list[Dataset], paths: list[Path], tmp_path: Path) -> None:
    before = set().union(*map(errors_of, paths))
    new = errors_of(written(legacy_enhanced(series), tmp_path / "whole.dcm")) - before
    uids = {str(image.SOPInstanceUID) for image in series}
    # the originals' UIDs, which are bad ones already, stand in an element more
    told = {error for error in new if not any(uid in error for uid in uids)}
    assert {error for error in told if NOT_COUNTED not in error} == set()


def test_it_is_the_same_object_whatever_order_the_images_come_in(series: list[Dataset]) -> None:
    mixed = list(series)
    random.Random(5).shuffle(mixed)
    first, second = legacy_enhanced(series), legacy_enhanced(mixed)
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != series[0].SeriesInstanceUID
    assert first == second
    assert "InstanceCreationTime" not in first


def test_there_and_back_gives_what_the_images_said(series: list[Dataset], tmp_path: Path) -> None:
    whole = dcmread(written(legacy_enhanced(series), tmp_path / "whole.dcm"))
    originals = {str(image.SOPInstanceUID): image for image in series}
    for image in classic_images(whole):
        _, source = image.SourceImageSequence
        original = originals.pop(source.ReferencedSOPInstanceUID)
        lost = {
            element.keyword
            for element in original
            if element.keyword not in OWN
            and not element.tag.is_private
            and element.tag.element != 0  # group lengths
            and element.keyword and not element.is_empty
            and image.get(element.keyword) != element.value
        }  # fmt: skip
        assert lost <= MAY_CHANGE, lost
        assert image.PixelData == original.PixelData
    assert originals == {}


def test_images_of_several_kinds_are_no_one_object(series: list[Dataset]) -> None:
    series[3].SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    with pytest.raises(InvalidInstance):
        legacy_enhanced(series)


def test_images_of_several_sizes_are_no_one_object(series: list[Dataset]) -> None:
    series[3].Rows = 7
    with pytest.raises(InvalidInstance):
        legacy_enhanced(series)


def test_a_series_of_no_enhanced_class_is_refused(series: list[Dataset]) -> None:
    for image in series:
        image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    assert not is_classic("1.2.840.10008.5.1.4.1.1.7")
    with pytest.raises(InvalidInstance):
        legacy_enhanced(series)

"""`isocenter export --classic` and `--enhanced`: media in the one form that a receiver knows, with the same pixels."""

from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.fileset import FileSet
from tests.support.commanded import Commanded
from tests.support.dicom_files import TEST_DATA, real_files

ENHANCED = TEST_DATA / "files" / "enhanced" / "mf.dcm"
CLASSIC = TEST_DATA / "files" / "mr_ge_fse_pd"


@pytest.fixture(scope="module")
def studies(desk: Commanded) -> dict[str, str]:
    real_files()
    desk.json("import", ENHANCED, CLASSIC)
    desk.until_settled()
    return {
        "enhanced": str(dcmread(ENHANCED).StudyInstanceUID),
        "classic": str(dcmread(next(CLASSIC.glob("*.dcm"))).StudyInstanceUID),
    }


def on_medium(folder: Path) -> list[Dataset]:
    return [dcmread(one.path) for one in FileSet(folder / "DICOMDIR")]


def test_an_enhanced_object_becomes_an_image_a_frame(
    desk: Commanded, studies: dict[str, str], tmp_path: Path
) -> None:
    told = desk.json("export", "--classic", studies["enhanced"], tmp_path / "cd")
    assert (told["instances"], told["converted"], told["not_in_dicomdir"]) == (1, 1, 0)
    images = sorted(on_medium(tmp_path / "cd"), key=lambda image: image.InstanceNumber)
    whole = dcmread(ENHANCED)
    assert b"".join(image.PixelData for image in images) == whole.PixelData
    assert {image.SOPClassUID for image in images} == {"1.2.840.10008.5.1.4.1.1.2"}


def test_what_was_exported_twice_is_the_same_and_can_come_back(
    desk: Commanded, studies: dict[str, str], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        desk.json("export", "--classic", studies["enhanced"], tmp_path / name)
    one, two = (
        {str(image.SOPInstanceUID): image for image in on_medium(tmp_path / name)}
        for name in ("one", "two")
    )
    assert one == two
    desk.json("import", tmp_path / "one")
    desk.until_settled()
    told = desk.json("series", studies["enhanced"])
    assert sorted(len(series["instances"]) for series in told["series"]) == [1, 3]


def test_a_series_becomes_one_object(
    desk: Commanded, studies: dict[str, str], tmp_path: Path
) -> None:
    told = desk.json("export", "--enhanced", studies["classic"], tmp_path / "cd")
    assert (told["instances"], told["converted"], told["not_in_dicomdir"]) == (20, 20, 0)
    (whole,) = on_medium(tmp_path / "cd")
    assert whole.NumberOfFrames == 20
    originals = {
        str(image.SOPInstanceUID): image.PixelData for image in map(dcmread, CLASSIC.glob("*.dcm"))
    }
    length = len(whole.PixelData) // 20
    for number, group in enumerate(whole.PerFrameFunctionalGroupsSequence):
        source = group.ConversionSourceAttributesSequence[0].ReferencedSOPInstanceUID
        assert whole.PixelData[number * length : (number + 1) * length] == originals[source]


def test_what_has_no_other_form_is_exported_as_it_is(
    desk: Commanded, studies: dict[str, str], tmp_path: Path
) -> None:
    told = desk.json("export", "--classic", studies["classic"], tmp_path / "cd")
    assert (told["instances"], told["converted"]) == (20, 0)
    assert len(on_medium(tmp_path / "cd")) == 20


def test_a_series_that_is_no_one_object_is_exported_as_it_is(
    desk: Commanded, tmp_path: Path
) -> None:
    chest = (
        TEST_DATA / "files" / "ct_lidc_0314"
    )  # each of its images has a frame of reference of its own
    desk.json("import", chest)
    desk.until_settled()
    study = dcmread(next(chest.glob("*.dcm"))).StudyInstanceUID
    done = desk.cli("export", "--enhanced", study, tmp_path / "cd")
    assert "exported as stored" in done.stderr
    assert len(on_medium(tmp_path / "cd")) == 26

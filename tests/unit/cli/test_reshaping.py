"""What a retrieved file becomes on its way to a medium, and that nothing is lost where it cannot become anything."""

from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from tests.support.enhanced_images import enhanced, pixels, written

from isocenter.cli.reshaping import SHAPES


def object_of(frames: int) -> Dataset:
    return enhanced("CT", {}, [{} for _ in range(frames)])


def test_files_of_frames_lie_beside_the_object_and_it_is_gone(tmp_path: Path) -> None:
    path = written(object_of(3), tmp_path / "0")
    shape = SHAPES["classic"]()
    made = list(shape.take(path))
    assert sorted(tmp_path.iterdir()) == sorted(made)
    assert [dcmread(one).PixelData for one in made] == [pixels(1), pixels(2), pixels(3)]
    assert shape.converted == 1
    assert list(shape.rest()) == []


@pytest.mark.filterwarnings("ignore")  # of the test's own making of it
def test_odd_values_are_not_told_to_the_terminal(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    whole = object_of(2)
    whole.StudyDate = "Jane Doe's"
    path = written(whole, tmp_path / "0")
    recwarn.clear()
    made = list(SHAPES["classic"]().take(path))
    assert len(made) == 2
    assert [str(one.message) for one in recwarn] == []


@pytest.mark.parametrize("frames", [1, 3])
def test_an_object_that_cannot_be_divided_stays_and_is_named(
    frames: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = object_of(frames)
    whole.PixelData = whole.PixelData[:-2]
    path = written(whole, tmp_path / "0")
    content = path.read_bytes()
    shape = SHAPES["classic"]()
    assert list(shape.take(path)) == [path] == list(tmp_path.iterdir())
    assert path.read_bytes() == content
    assert shape.converted == 0
    assert str(whole.SOPInstanceUID) in capsys.readouterr().err


def classic(series: str, number: int, rows: int = 4) -> Dataset:
    made = object_of(1)
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    made.SeriesInstanceUID, made.InstanceNumber, made.Rows = series, number, rows
    made.FrameOfReferenceUID = "1.2.9"
    made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
    made.StudyInstanceUID = "1.2.3"
    groups = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
    for keyword in ("NumberOfFrames", *groups):
        delattr(made, keyword)
    return made


def test_series_wait_until_all_their_files_are_there(tmp_path: Path) -> None:
    shape = SHAPES["enhanced"]()
    for number in range(4):
        path = written(classic(f"1.2.{number % 2}", number + 1), tmp_path / str(number))
        assert list(shape.take(path)) == []
    made = list(shape.rest())
    assert sorted(tmp_path.iterdir()) == sorted(made)
    assert [dcmread(one).NumberOfFrames for one in made] == [2, 2]
    assert shape.converted == 4


def test_a_series_of_two_sizes_and_a_single_image_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [classic("1.2.1", 1), classic("1.2.1", 2, rows=3), classic("1.2.2", 1)]
    shape = SHAPES["enhanced"]()
    paths = [written(image, tmp_path / str(number)) for number, image in enumerate(images)]
    for path in paths:
        assert list(shape.take(path)) == []
    assert sorted(shape.rest()) == sorted(tmp_path.iterdir()) == paths
    assert "1.2.1: " in capsys.readouterr().err


def test_what_is_no_image_of_these_goes_on_at_once(tmp_path: Path) -> None:
    made = object_of(1)
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    path = written(made, tmp_path / "0")
    for name in SHAPES:
        shape = SHAPES[name]()
        assert list(shape.take(path)) == [path]
        assert list(shape.rest()) == []

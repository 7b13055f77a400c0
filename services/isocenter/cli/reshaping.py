"""How images lie on a medium: as stored, each frame as an image of its own, or each series as one object."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import click
from pydicom import Dataset, dcmread

from isocenter.conversion.classic import classic_images
from isocenter.conversion.table import is_enhanced
from isocenter.errors import InvalidInstance

KEYS = ["SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "NumberOfFrames"]
UNUSABLE = (
    InvalidInstance,
    ValueError,
    TypeError,
    AttributeError,
)  # the last are pydicom's words for odd values
LEAST = 2  # images that are worth an object of several frames


class Shape(Protocol):
    """Takes retrieved files one by one and gives those that go onto the medium."""

    converted: int  # retrieved instances that took another form

    def take(self, path: Path) -> Iterator[Path]:
        """What a file becomes at once; the file itself is gone when it became something else."""

    def rest(self) -> Iterator[Path]:
        """What could be made only once all files were there."""


class AsStored:
    """Every file as it is."""

    converted = 0

    def take(self, path: Path) -> Iterator[Path]:
        """The file."""
        yield path

    def rest(self) -> Iterator[Path]:
        """Nothing."""
        yield from ()


class AsClassic:
    """Enhanced images as single-frame ones; all else, and enhanced ones that cannot be divided, as they are."""

    def __init__(self) -> None:
        self.converted = 0

    def take(self, path: Path) -> Iterator[Path]:
        """The file, or a file for each of its frames beside it."""
        header = _header(path)
        if not is_enhanced(str(header.get("SOPClassUID"))):
            yield path
            return
        made: list[Path] = []
        try:
            with _quiet():
                for image in classic_images(dcmread(path)):
                    made.append(_write(image, path, len(made)))
        except UNUSABLE as error:
            _tell(str(header.get("SOPInstanceUID")), error)
            for part in made:
                part.unlink()
            yield path
            return
        self.converted += 1
        path.unlink()
        yield from made

    def rest(self) -> Iterator[Path]:
        """Nothing."""
        yield from ()


class AsEnhanced:
    """Series of classic images as one object each; all else, and series that are no one object, as they are."""

    def __init__(self) -> None:
        self.converted = 0
        self._series: dict[str, list[Path]] = defaultdict(list)

    def take(self, path: Path) -> Iterator[Path]:
        """The file, unless it may be one of a series."""
        from isocenter.conversion.legacy import is_classic  # its library takes a second to load

        header = _header(path)
        if is_classic(str(header.get("SOPClassUID"))):
            self._series[str(header.get("SeriesInstanceUID"))].append(path)
        else:
            yield path

    def rest(self) -> Iterator[Path]:
        """One file for each series, or its files; one series is in memory at a time."""
        from isocenter.conversion.legacy import legacy_enhanced

        for series, paths in self._series.items():
            if len(paths) < LEAST:
                yield from paths
                continue
            try:
                with _quiet():
                    made = legacy_enhanced([dcmread(path) for path in paths])
                    enhanced = _write(made, paths[0], 0)
            except UNUSABLE as error:
                _tell(series, error)
                yield from paths
                continue
            yield enhanced
            self.converted += len(paths)
            for path in paths:
                path.unlink()


SHAPES: dict[str, Callable[[], Shape]] = {
    "as-stored": AsStored,
    "classic": AsClassic,
    "enhanced": AsEnhanced,
}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what pydicom says of odd values off the terminal: it names the values, which are a patient's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _tell(uid: str, error: Exception) -> None:
    said = error.message if isinstance(error, InvalidInstance) else "a value that cannot be written"
    click.echo(f"{uid}: {said}; exported as stored", err=True)


def _header(path: Path) -> Dataset:
    return dcmread(path, specific_tags=KEYS, stop_before_pixels=True)


def _write(image: Dataset, beside: Path, number: int) -> Path:
    path = beside.with_name(f"{beside.name}-{number}")
    image.save_as(path, enforce_file_format=True)
    return path

"""Attributes by path: keywords with `/` between, as `PlanePositionSequence/ImagePositionPatient`.

A classic image has an attribute at its top, an enhanced one in a functional group of the frame or of all frames
(PS3.3 C.7.6.16); so an attribute is several paths, tried at several levels, and the first that has a value counts.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from isocenter.dicom.attributes import TAGS, key_of
from isocenter.dicom.json_attributes import values

Path = tuple[str, ...]  # tags as eight upper-case hexadecimal digits


def path(keywords: str) -> Path:
    """Read a path; raises KeyError for what PS3.6 does not have."""
    return tuple(key_of(TAGS[keyword]) for keyword in keywords.split("/"))


def paths(written: Iterable[str]) -> tuple[Path, ...]:
    """Read the paths of one attribute."""
    return tuple(path(one) for one in written)


def found(level: Any, tried: Sequence[Path]) -> list[Any]:
    """Values at the first of the paths that has any; of every sequence its first item."""
    for one in tried:
        place = level
        for tag in one[:-1]:
            place = next(iter(values(place, tag)), None)
        found_here = values(place, one[-1])
        if found_here:
            return found_here
    return []


def found_in(levels: Iterable[Any], tried: Sequence[Path]) -> list[Any]:
    """The same in the first of the levels that has any."""
    for level in filter(None, levels):
        found_here = found(level, tried)
        if found_here:
            return found_here
    return []

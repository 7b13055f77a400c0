"""What arranging needs of one instance, read out of its DICOM JSON document, which may be anybody's."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from isocenter.arrangement.geometry import (
    Orientation,
    Vector,
    number,
    orientation_of,
    position_of,
)
from isocenter.arrangement.paths import Path, found, found_in, paths
from isocenter.dicom.json_attributes import first, text_of, values

Value = tuple[int, float, str]  # nothing, then numbers, then texts: any two can be compared
NOTHING: Value = (0, 0.0, "")

SOP_INSTANCE, INSTANCE_NUMBER, NUMBER_OF_FRAMES = "00080018", "00200013", "00280008"
SHARED_GROUPS, FRAME_GROUPS = "52009229", "52009230"
_POSITION = paths(("ImagePositionPatient", "PlanePositionSequence/ImagePositionPatient"))
_ORIENTATION = paths(
    ("ImageOrientationPatient", "PlaneOrientationSequence/ImageOrientationPatient")
)
MAX_FRAMES = 1_000_000  # that an object without a group per frame may claim


@dataclass(frozen=True, slots=True)
class Attribute:
    """What may tell images at one position apart; a `ranked` one by which comes first, not by its value."""

    paths: tuple[Path, ...]
    ranked: bool
    b_value: bool


_TABLE = tomllib.loads((files(__package__) / "tables" / "splitting.toml").read_text("utf-8"))
SPLITTING = tuple(
    Attribute(paths(row["paths"]), row.get("ranked", False), row.get("b_value", False))
    for row in _TABLE["attribute"]
)
_PRIVATE_B_VALUES = tuple(_TABLE["private_b_value"])


@dataclass(frozen=True, slots=True)
class Frame:
    """One image: `number` counts from 1 in its instance; `values` are those of `SPLITTING`."""

    number: int
    position: Vector | None
    orientation: Orientation | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """One instance. `frames` holds one frame where all frames of several lie at one place, as of a film."""

    sop_instance_uid: str
    instance_number: float | None
    number_of_frames: int
    frames: tuple[Frame, ...]


def take(document: Any) -> Taken:
    """Read a document; never fails, whatever it is."""
    items = values(document, FRAME_GROUPS)
    shared = next(iter(values(document, SHARED_GROUPS)), None)
    levels = (shared, document)
    frames = tuple(_frames(items or [None], levels))
    count = number(first(document, NUMBER_OF_FRAMES))
    stated = int(count) if count is not None and 1 <= count <= MAX_FRAMES else 1
    return Taken(
        first(document, SOP_INSTANCE),
        number(first(document, INSTANCE_NUMBER)),
        len(items) or stated,
        frames,
    )


def _frames(items: Sequence[Any], levels: Sequence[Any]) -> Iterator[Frame]:
    """One for each item; what an item does not say, the levels above it say for all."""
    position, orientation = found_in(levels, _POSITION), found_in(levels, _ORIENTATION)
    above = tuple(_value(attribute, levels) or NOTHING for attribute in SPLITTING)
    for place, item in enumerate(items, 1):
        own = tuple(_value(attribute, (item,)) for attribute in SPLITTING) if item else above
        yield Frame(
            place,
            position_of(found(item, _POSITION) or position),
            orientation_of(found(item, _ORIENTATION) or orientation),
            tuple(value or known for value, known in zip(own, above, strict=True)),
        )


def _value(attribute: Attribute, levels: Sequence[Any]) -> Value | None:
    there = found_in(levels, attribute.paths)
    if not there and attribute.b_value:
        there = [value for level in levels if (value := private_b_value(level)) is not None]
    return value_of(there) if there else None


def value_of(there: Sequence[object]) -> Value:
    """Values as one that can be compared; numbers without what rounding left."""
    if len(there) == 1 and (one := number(there[0])) is not None:
        return (1, round(one, 3), "")
    return (2, 0.0, "\\".join(map(text_of, there))) if there else NOTHING


def private_b_value(level: Any) -> float | None:
    """The b-value of a classic image where its vendor hides it, s/mm²."""
    for row in _PRIVATE_B_VALUES if isinstance(level, dict) else ():
        group, element, modulo = row["group"], row["element"], row["modulo"]
        for tag in level:
            if not (tag.startswith(group) and tag.endswith(element) and len(tag) == 8):
                continue
            value = number(first(level, tag))
            if value is not None and first(level, f"{group}00{tag[4:6]}") == row["creator"]:
                return value % modulo if modulo else value
    return None

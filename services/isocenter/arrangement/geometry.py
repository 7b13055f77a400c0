"""Positions and orientations of images in the patient (PS3.3 C.7.6.2.1.1): few vectors, so plain tuples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Vector = tuple[float, float, float]
Plane = Literal["axial", "coronal", "sagittal", "oblique"]

FARTHEST_MM = 1e6  # a position beyond is no position
NOT_UNIT = 0.05  # how far cosines may be from unit length and from a right angle
SAME_COSINE = 0.01  # about half a degree
# A tilted head is still read as axial; half-way between two planes is neither.
PLANE_COSINE = math.cos(math.radians(30))
_AXES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")  # normals along x, y, z


@dataclass(frozen=True, slots=True, order=True)
class Orientation:
    """Directions in which a row's columns, and a column's rows, go on; unit vectors."""

    row: Vector
    column: Vector

    @property
    def normal(self) -> Vector:
        """Direction along which slices are ordered."""
        return cross(self.row, self.column)

    def is_like(self, other: "Orientation") -> bool:
        """Tell whether both are the same within rounding."""
        mine, theirs = (*self.row, *self.column), (*other.row, *other.column)
        return all(abs(a - b) <= SAME_COSINE for a, b in zip(mine, theirs, strict=True))


def number(value: object) -> float | None:
    """A finite number, also when it is written as a text; else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def position_of(values: Sequence[object]) -> Vector | None:
    """Image Position (Patient), mm; None for anything else."""
    numbers = [number(value) for value in values]
    if len(numbers) != 3:
        return None
    found = [value for value in numbers if value is not None and abs(value) <= FARTHEST_MM]
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def orientation_of(values: Sequence[object]) -> Orientation | None:
    """Image Orientation (Patient); None unless it is two unit vectors at a right angle."""
    row, column = position_of(values[:3]), position_of(values[3:])
    if row is None or column is None:
        return None
    lengths = math.sqrt(dot(row, row)), math.sqrt(dot(column, column))
    if any(abs(length - 1) > NOT_UNIT for length in lengths) or abs(dot(row, column)) > NOT_UNIT:
        return None
    return Orientation(scaled(row, 1 / lengths[0]), scaled(column, 1 / lengths[1]))


def plane_of(orientation: Orientation) -> Plane:
    """The anatomical plane that the image lies in, or near."""
    along = [abs(part) for part in orientation.normal]
    nearest = max(range(3), key=along.__getitem__)
    return _AXES[nearest] if along[nearest] >= PLANE_COSINE else "oblique"


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def between(a: Vector, b: Vector) -> Vector:
    """The way from `a` to `b`."""
    return (b[0] - a[0], b[1] - a[1], b[2] - a[2])


def scaled(a: Vector, factor: float) -> Vector:
    """The vector, `factor` times as long."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)

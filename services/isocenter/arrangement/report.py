"""What is odd about a series' geometry, for whoever wants to take it for a volume.

Each notice is a stable code in snake case, part of the API, and a sentence that holds no patient's data.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from isocenter.arrangement.geometry import between, dot, scaled
from isocenter.arrangement.stacks import Slice, Stack

Code = Literal[
    "duplicate_positions",
    "gaps",
    "missing_position",
    "mixed_orientations",
    "tilted_gantry",
    "unequal_spacing",
]

UNEQUAL_PART = 0.05  # of the usual step; smaller differences are rounding
UNEQUAL_MM = 0.02
TILTED = math.tan(math.radians(1))
MAX_GAPS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is odd."""

    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Slices that are not there, between two that are (mm along the normal)."""

    missing: int
    low_mm: float
    high_mm: float


@dataclass(frozen=True, slots=True)
class Steps:
    """The distances between neighbours of one stack."""

    usual_mm: float
    gaps: tuple[Gap, ...]
    others_mm: tuple[float, ...]  # neither the usual one nor a whole number of it


def spacing_of(stacks: Sequence[Stack]) -> float | None:
    """The usual distance between neighbouring slices (mm); None where no stack has two."""
    usual = [steps.usual_mm for stack in stacks if (steps := _steps(stack)) is not None]
    return statistics.median_low(usual) if usual else None


def report(stacks: Sequence[Stack], *, needs_positions: bool) -> tuple[Notice, ...]:
    """All that is odd, by code. A series whose images need no positions may lack all of them."""
    found = (
        _duplicates(stacks),
        _gaps(stacks),
        _missing(stacks, needs_positions),
        _mixed(stacks),
        _tilted(stacks),
        _unequal(stacks),
    )
    return tuple(notice for notice in found if notice is not None)


def _steps(stack: Stack) -> Steps | None:
    distances = _distances(stack)
    if len(distances) < 2:
        return None
    steps = [(low, high, high - low) for low, high in pairwise(distances)]
    usual = statistics.median_low(step for _, _, step in steps)
    room = max(UNEQUAL_MM, UNEQUAL_PART * usual)
    gaps, others = [], []
    for low, high, step in steps:
        times = round(step / usual)
        if times > 1 and abs(step - times * usual) <= room * times:
            gaps.append(Gap(times - 1, low, high))
        elif abs(step - usual) > room:
            others.append(step)
    return Steps(usual, tuple(gaps), tuple(others))


def _distances(stack: Stack) -> list[float]:
    """One for each place, in order."""
    found = {one.place: one.distance_mm for one in reversed(stack.slices)}
    return sorted(distance for distance in found.values() if distance is not None)


def _duplicates(stacks: Sequence[Stack]) -> Notice | None:
    count = sum(
        len(stack.slices) - len({one.place for one in stack.slices})
        for stack in stacks
        if stack.orientation is not None
    )
    if not count:
        return None
    return Notice(
        "duplicate_positions",
        f"{_images(count)} where another of the same kind lies already",
    )


def _images(count: int) -> str:
    return "one image lies" if count == 1 else f"{count} images lie"


def _gaps(stacks: Sequence[Stack]) -> Notice | None:
    gaps = [gap for stack in stacks if (steps := _steps(stack)) for gap in steps.gaps]
    if not gaps:
        return None
    missing = sum(gap.missing for gap in gaps)
    where = [f"between {gap.low_mm:.2f} and {gap.high_mm:.2f} mm" for gap in gaps]
    more = [f"and at {len(gaps) - MAX_GAPS_NAMED} more"] if len(gaps) > MAX_GAPS_NAMED else []
    count = "one slice is" if missing == 1 else f"{missing} slices are"
    return Notice("gaps", f"{count} missing, {', '.join(where[:MAX_GAPS_NAMED] + more)}")


def _missing(stacks: Sequence[Stack], needs_positions: bool) -> Notice | None:
    without = sum(len(stack.slices) for stack in stacks if stack.orientation is None)
    has_some = any(stack.orientation is not None for stack in stacks)
    if not without or not (needs_positions or has_some):
        return None
    count = "one image has" if without == 1 else f"{without} images have"
    return Notice("missing_position", f"{count} no usable position and orientation")


def _mixed(stacks: Sequence[Stack]) -> Notice | None:
    orientations = {stack.orientation for stack in stacks if stack.orientation is not None}
    if len(orientations) < 2:
        return None
    return Notice("mixed_orientations", f"images lie in {len(orientations)} different orientations")


def _tilted(stacks: Sequence[Stack]) -> Notice | None:
    most = max((_lean(stack) for stack in stacks), default=0.0)
    if most <= TILTED:
        return None
    degrees = math.degrees(math.atan(most))
    return Notice(
        "tilted_gantry",
        f"slices are shifted against each other: positions go on {degrees:.1f} degrees off the normal",
    )


def _lean(stack: Stack) -> float:
    """How far the last slice lies beside the first one's normal, for each mm along it."""
    ends = _ends(stack)
    if stack.orientation is None or ends is None:
        return 0.0
    first, last = ends
    if first.frame.position is None or last.frame.position is None:
        return 0.0
    way = between(first.frame.position, last.frame.position)
    along = dot(way, stack.orientation.normal)
    beside = between(scaled(stack.orientation.normal, along), way)
    return math.sqrt(dot(beside, beside)) / along if along > 0 else 0.0


def _ends(stack: Stack) -> tuple[Slice, Slice] | None:
    first, last = stack.slices[0], stack.slices[-1]
    return (first, last) if first.place != last.place else None


def _unequal(stacks: Sequence[Stack]) -> Notice | None:
    found = [steps for stack in stacks if (steps := _steps(stack)) and steps.others_mm]
    if not found:
        return None
    seen = [step for steps in found for step in (*steps.others_mm, steps.usual_mm)]
    return Notice(
        "unequal_spacing",
        f"slices lie from {min(seen):.3f} to {max(seen):.3f} mm apart, mostly {found[0].usual_mm:.3f} mm",
    )

"""Slices in order: groups of one orientation, in them stacks whose slices lie at one position each.

The order is a function of what the instances hold, never of the order they come in: everything starts from one
canonical order (instance number, UID, frame), and from there on only stable sorting happens.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from isocenter.arrangement.geometry import Orientation, Vector, dot
from isocenter.arrangement.reading import SPLITTING, Frame, Taken

SAME_PLACE_MM = 0.005
MAX_ORIENTATIONS = 128  # of radial scans some dozen; images beyond are ordered without positions


@dataclass(frozen=True, slots=True)
class Slice:
    """One frame of one instance, and where it lies along its group's normal (mm)."""

    sop_instance_uid: str
    frame: Frame
    distance_mm: float | None = None
    place: int = 0  # the same for slices at the same distance


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices in order; `orientation` is None where they have no position."""

    orientation: Orientation | None
    slices: tuple[Slice, ...]


def canonical(instances: Iterable[Taken], views: Mapping[str, int]) -> list[Taken]:
    """The order without positions: by view where `views` has one, then instance number, then UID."""

    def key(one: Taken) -> tuple[float, float, str, str]:
        at = one.instance_number
        view = views.get(one.sop_instance_uid, math.inf)
        return (view, math.inf if at is None else at, one.sop_instance_uid, "")

    found = list(instances)
    if len({one.sop_instance_uid for one in found}) < len(found):  # none has a name of its own
        found.sort(key=repr)
    return sorted(found, key=key)


def stacks_of(instances: Sequence[Taken]) -> list[Stack]:
    """All frames of instances in canonical order, as stacks; those without a position come last, as one."""
    groups, others = _by_orientation(instances)
    found = [
        Stack(orientation, tuple(stack))
        for orientation, slices in groups
        for stack in _split(_placed(slices, orientation.normal))
    ]
    if others:
        found.append(Stack(None, tuple(others)))
    return found


def _by_orientation(
    instances: Sequence[Taken],
) -> tuple[list[tuple[Orientation, list[Slice]]], list[Slice]]:
    groups: list[tuple[Orientation, list[Slice]]] = []
    others: list[Slice] = []
    for one in instances:
        for frame in one.frames:
            here = Slice(one.sop_instance_uid, frame)
            _group_for(groups, others, frame).append(here)
    return groups, others


def _group_for(
    groups: list[tuple[Orientation, list[Slice]]], others: list[Slice], frame: Frame
) -> list[Slice]:
    if frame.position is None or frame.orientation is None:
        return others
    for orientation, slices in groups:
        if orientation.is_like(frame.orientation):
            return slices
    if len(groups) == MAX_ORIENTATIONS:
        return others
    groups.append((frame.orientation, []))
    return groups[-1][1]


def _placed(slices: Iterable[Slice], normal: Vector) -> list[Slice]:
    """The slices along the normal, those at one distance with one number of place."""
    measured = [
        (dot(one.frame.position, normal), one) for one in slices if one.frame.position is not None
    ]
    measured.sort(key=lambda pair: pair[0])
    found: list[Slice] = []
    place, last = 0, -math.inf
    for distance, one in measured:
        place += distance - last > SAME_PLACE_MM
        last = distance
        found.append(Slice(one.sop_instance_uid, one.frame, distance, place))
    return found


def _split(slices: list[Slice]) -> list[list[Slice]]:
    """Divide slices along one normal until, as far as attributes tell, no two of a stack lie at one place.

    An attribute that differs from slice to slice (an acquisition time) would divide too, into stacks of one: none may
    make more than twice as many stacks as the most crowded place has slices.
    """
    stacks = [slices]
    most = 2 * max(Counter(one.place for one in slices).values())
    for at, attribute in enumerate(SPLITTING):
        crowded = _crowded(stacks)
        if not crowded:
            break
        finer = (_ranked if attribute.ranked else _divided)(stacks, at)
        if len(finer) <= most and _crowded(finer) < crowded:
            stacks = finer
    return stacks


def _crowded(stacks: Iterable[Sequence[Slice]]) -> int:
    """How many slices lie where another of their stack lies already."""
    return sum(len(stack) - len({one.place for one in stack}) for stack in stacks)


def _divided(stacks: Iterable[Sequence[Slice]], at: int) -> list[list[Slice]]:
    finer: list[list[Slice]] = []
    for stack in stacks:
        groups = defaultdict(list)
        for one in stack:
            groups[one.frame.values[at]].append(one)
        finer.extend(groups[value] for value in sorted(groups))
    return finer


def _ranked(stacks: Iterable[Sequence[Slice]], at: int) -> list[list[Slice]]:
    """The first at every place, the second at every place, ...; left as it is where few places have a second."""
    finer: list[list[Slice]] = []
    for stack in stacks:
        places = defaultdict(list)
        for one in stack:
            places[one.place].append(one)
        several = [slices for slices in places.values() if len(slices) > 1]
        if 2 * len(several) < len(places) or not all(_differ(slices, at) for slices in several):
            finer.append(list(stack))
            continue
        for slices in places.values():
            slices.sort(key=lambda one: one.frame.values[at])
        deepest = max(map(len, places.values()))
        finer.extend(
            [places[place][rank] for place in sorted(places) if rank < len(places[place])]
            for rank in range(deepest)
        )
    return finer


def _differ(slices: Sequence[Slice], at: int) -> bool:
    return len({one.frame.values[at] for one in slices}) == len(slices)

"""A study's series as a reader expects them: called by whoever shows or sends a study, one series at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isocenter.arrangement import order
from isocenter.arrangement.facts import Facts, facts_of
from isocenter.arrangement.geometry import Plane, plane_of
from isocenter.arrangement.labels import Names, label_of, names_of, sequence_of
from isocenter.arrangement.reading import SPLITTING, Taken, take
from isocenter.arrangement.report import Notice, report, spacing_of
from isocenter.arrangement.rules import Told
from isocenter.arrangement.stacks import Stack, canonical, stacks_of

# Modalities whose images have to say where they lie (PS3.3 C.7.6.2 is mandatory in their IODs).
POSITIONED = frozenset({"CT", "MR", "PT"})
# Roles whose images someone may take for a volume; scouts lie crosswise, and maps over each other, for good reason.
_VOLUMES = frozenset({"image", "reformat"})
_B_VALUE = next(at for at, attribute in enumerate(SPLITTING) if attribute.b_value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame comes: in which stack (from 1), and where along its normal; `frame` counts from 1."""

    frame: int
    stack: int
    position_mm: float | None


@dataclass(frozen=True, slots=True)
class Arranged:
    """An instance in its series. `places` has one entry a frame, in slice order, where frames lie apart."""

    sop_instance_uid: str
    number_of_frames: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One series; texts are empty where nothing is known. The series of a study are sorted by `order`."""

    series_instance_uid: str
    modality: str
    label: str
    plane: Plane | None
    sequence: str
    phase: str
    kernel: str
    spacing_mm: float | None
    notices: tuple[Notice, ...]
    instances: tuple[Arranged, ...]
    order: tuple[tuple[float, ...], str]


class _Gathering:
    """What is kept of the documents of one series while they pass by."""

    def __init__(self) -> None:
        self.instances: list[Taken] = []
        self.views: dict[str, tuple[str, str]] = {}
        self.facts: Facts | None = None
        self._least: tuple[float, str, str] | None = None

    def add(self, document: Any) -> None:
        one = take(document)
        self.instances.append(one)
        key = (order.last_without(one.instance_number), one.sop_instance_uid, "")
        is_least = self._least is None or key <= self._least
        if not is_least and not order.is_projection(document):
            return
        facts = facts_of(document)
        self._see(one.sop_instance_uid, *order.laterality_and_view(facts))
        least = (*key[:2], repr(facts))
        if is_least and (self._least is None or least < self._least):
            self._least, self.facts = least, facts

    def _see(self, sop_instance_uid: str, laterality: str, view: str) -> None:
        if laterality or view:
            seen = (laterality, view)
            self.views[sop_instance_uid] = min(seen, self.views.get(sop_instance_uid, seen))


def arrange(series_instance_uid: str, documents: Iterable[Any]) -> Series:
    """Arrange one series by the DICOM JSON documents of its instances, in any order; never fails.

    Documents are read one after another and not kept. Its names are those of the instance with the lowest number.
    """
    gathered = _Gathering()
    for document in documents:
        gathered.add(document)
    facts = gathered.facts or facts_of({})
    ranks = {uid: order.view_rank(facts.modality, *view) for uid, view in gathered.views.items()}
    instances = canonical(gathered.instances, ranks)
    stacks = stacks_of(instances)
    b_values = _b_values(instances)
    names = names_of(Told(facts, b_values))
    arranged = _arranged(instances, stacks)
    sequence = sequence_of(names, b_values)
    plane = _plane(stacks)
    views = ["".join(gathered.views.get(one.sop_instance_uid, ())) for one in arranged]
    spacing = spacing_of(stacks)
    view = min(ranks.values(), default=order.view_rank(facts.modality, "", ""))
    positioned = facts.modality in POSITIONED
    return Series(
        series_instance_uid,
        facts.modality,
        label_of(names, sequence, plane, views),
        plane,
        sequence,
        names.phase,
        names.kernel,
        None if spacing is None else round(spacing, 3),
        report(stacks, needs_positions=positioned) if names.role in _VOLUMES else (),
        arranged,
        (_ranks(names, facts, plane, view), series_instance_uid),
    )


def in_order(series: Iterable[Series]) -> list[Series]:
    """All series of a study in the order a reader expects."""
    return sorted(series, key=lambda one: one.order)


def _ranks(names: Names, facts: Facts, plane: Plane | None, view: int) -> tuple[float, ...]:
    return (
        order.rank("role", names.role),
        order.rank("modality", names.modality),
        view,
        order.rank("contrast", names.phase),
        order.rank("sequence", names.sequence),
        order.rank("kernel", names.kernel),
        order.rank("plane", plane or ""),
        order.last_without(facts.series_number),
    )


def _b_values(instances: Sequence[Taken]) -> tuple[float, ...]:
    found = {frame.values[_B_VALUE] for one in instances for frame in one.frames}
    return tuple(sorted(value for kind, value, _ in found if kind == 1))


def _plane(stacks: Sequence[Stack]) -> Plane | None:
    planes = {plane_of(stack.orientation) for stack in stacks if stack.orientation is not None}
    return planes.pop() if len(planes) == 1 else None


def _arranged(instances: Sequence[Taken], stacks: Sequence[Stack]) -> tuple[Arranged, ...]:
    """Instances by the first of their frames; those of which no frame is anywhere do not exist."""
    places: dict[str, list[Place]] = {}
    for number, stack in enumerate(stacks, 1):
        for one in stack.slices:
            at = None if one.distance_mm is None else round(one.distance_mm, 3)
            places.setdefault(one.sop_instance_uid, []).append(Place(one.frame.number, number, at))
    counts: Mapping[str, int] = {one.sop_instance_uid: one.number_of_frames for one in instances}
    return tuple(Arranged(uid, counts[uid], tuple(found)) for uid, found in places.items())

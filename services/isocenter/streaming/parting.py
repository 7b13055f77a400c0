"""Which part of its series each instance is in, for receivers that freeze on large ones: by phase, by count, or both.

Parts are numbered over all instances of the series that show, whichever of them are sent, so that a part has the same
name each time as long as nothing is added before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from isocenter.dicom.json_attributes import values
from isocenter.ports.index_rows import InstanceRow

_PHASE_TAGS = (
    "00200100",  # Temporal Position Identifier
    "00209241",  # Nominal Percentage of Cardiac Phase
    "00181060",  # Trigger Time
)
_POSITION = "00200032"  # Image Position (Patient)


@dataclass(frozen=True, slots=True)
class Taking:
    """What a receiver can read, beside transfer syntaxes; 0 is any number."""

    single_frames: bool = False
    max_series_instances: int = 0
    split_phases: bool = False

    @property
    def parts(self) -> bool:
        """Whether series may be sent in parts."""
        return self.split_phases or self.max_series_instances > 0


def parts_of(rows: Sequence[InstanceRow], taking: Taking) -> list[int]:
    """The part of each row of one series, from 1; 0 for all when there is one part."""
    phases = _phases(rows) if taking.split_phases else [0] * len(rows)
    parts = [0] * len(rows)
    last = 0
    for phase in dict.fromkeys(sorted(phases)):
        members = [index for index, one in enumerate(phases) if one == phase]
        for place, index in enumerate(members):
            parts[index] = last + 1 + _chunk(place, taking.max_series_instances)
        last = parts[members[-1]]
    return parts if last > 1 else [0] * len(rows)


def frame_part(frame: int, frames: int, taking: Taking) -> int:
    """The part of one frame of an object that is divided into classic images: by count alone."""
    limit = taking.max_series_instances
    return 1 + _chunk(frame - 1, limit) if 0 < limit < frames else 0


def _chunk(place: int, limit: int) -> int:
    return place // limit if limit else 0


def _phases(rows: Sequence[InstanceRow]) -> list[int]:
    """Of each its phase, from 0: what it says itself, or how often there was an image at its place before."""
    documents = [orjson.loads(row.document) for row in rows]
    for tag in _PHASE_TAGS:
        said = [_number(document, tag) for document in documents]
        found = sorted({one for one in said if one is not None})
        if len(found) > 1 and None not in said:
            return [found.index(one) for one in said if one is not None]
    return _repeats([tuple(values(document, _POSITION)) for document in documents])


def _repeats(places: Sequence[tuple[Any, ...]]) -> list[int]:
    seen: dict[tuple[Any, ...], int] = {}
    phases = []
    for place in places:
        seen[place] = seen.get(place, -1) + 1 if place else 0
        phases.append(seen[place])
    return phases


def _number(document: dict[str, Any], tag: str) -> float | None:
    found = values(document, tag)
    try:
        return float(found[0]) if found else None
    except (TypeError, ValueError):
        return None

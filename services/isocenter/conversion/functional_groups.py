"""Functional groups (PS3.3 C.7.6.16) laid out flat: what is true of one frame, as attributes at the top."""

from pydicom import DataElement, Dataset

from isocenter.conversion.table import TABLE

_GROUPS = {kind: frozenset(keywords) for kind, keywords in TABLE["groups"].items()}
SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"


def groups_of(dataset: Dataset, frame: int) -> list[Dataset]:
    """Items with the groups of a frame (from 1): those of all frames first; missing ones are left out."""
    shared, own = dataset.get(SHARED) or [], dataset.get(PER_FRAME) or []
    return [*shared[:1], *own[frame - 1 : frame]]


def flattened(items: list[Dataset]) -> Dataset:
    """All groups opened; what a later item says stands."""
    flat = Dataset()
    for item in items:
        for element in item:
            if not _is_among(element, "left_out", "last"):
                _lay_out(element, flat)
    return flat


def unassigned(items: list[Dataset]) -> Dataset:
    """What a converted object kept of its originals because no group has a place for it (PS3.3 C.7.6.16.2.25)."""
    flat = Dataset()
    for item in items:
        for element in item:
            if _is_among(element, "last"):
                _lay_out(element, flat)
    return flat


def _is_among(element: DataElement, *kinds: str) -> bool:
    return any(element.keyword in _GROUPS[kind] for kind in kinds)


def _lay_out(element: DataElement, flat: Dataset) -> None:
    """A private group, and what should not be in a group at all, goes over as it is."""
    if element.VR != "SQ" or element.tag.is_private or _is_among(element, "whole"):
        flat.add(element)
        return
    for item in element.value[:1]:
        for inner in item:
            flat.add(inner)

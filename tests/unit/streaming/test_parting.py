"""Series in parts: by count, by what the images say of their phase, by images at the same place."""

import pytest
from tests.support.index_rows import Document, element, instance_row

from isocenter.ports.index_rows import InstanceRow
from isocenter.streaming.parting import Taking, frame_part, parts_of


def rows(*documents: Document) -> list[InstanceRow]:
    return [
        instance_row(sop=f"1.2.{number}", number=number, document=document)
        for number, document in enumerate(documents)
    ]


def at(z: float, **more: dict[str, object]) -> Document:
    return {"00200032": element("DS", 0, 0, z), **more}


@pytest.mark.parametrize(
    ("limit", "parts"),
    [(0, [0] * 5), (5, [0] * 5), (2, [1, 1, 2, 2, 3]), (4, [1, 1, 1, 1, 2]), (1, [1, 2, 3, 4, 5])],
)
def test_part_is_full_before_the_next_begins(limit: int, parts: list[int]) -> None:
    assert parts_of(rows(*[{}] * 5), Taking(max_series_instances=limit)) == parts


@pytest.mark.parametrize("tag", ["00200100", "00181060", "00209241"])
def test_phases_are_what_the_images_say(tag: str) -> None:
    said = [at(z, **{tag: element("DS", phase)}) for z in (1, 2) for phase in (75, 5, 40)]
    assert parts_of(rows(*said), Taking(split_phases=True)) == [3, 1, 2, 3, 1, 2]


def test_images_at_the_same_place_are_of_different_phases() -> None:
    said = [at(z) for z in (1, 2, 3, 1, 2, 3)]
    assert parts_of(rows(*said), Taking(split_phases=True)) == [1, 1, 1, 2, 2, 2]


def test_series_of_one_phase_stays_whole() -> None:
    said = [at(z, **{"00200100": element("IS", 1)}) for z in (1, 2, 3)]
    assert parts_of(rows(*said), Taking(split_phases=True)) == [0, 0, 0]
    assert parts_of(rows({}, {}, {}), Taking(split_phases=True)) == [0, 0, 0]


def test_phase_that_some_images_do_not_say_is_none() -> None:
    said = [at(1, **{"00200100": element("IS", 1)}), at(2, **{"00200100": element("IS", 2)}), at(3)]
    assert parts_of(rows(*said), Taking(split_phases=True)) == [0, 0, 0]


def test_large_phases_are_parted_again() -> None:
    said = [at(z) for z in (1, 2, 3, 1, 2, 3)]
    taking = Taking(split_phases=True, max_series_instances=2)
    assert parts_of(rows(*said), taking) == [1, 1, 2, 3, 3, 4]


def test_frames_of_one_object_are_parted_by_count() -> None:
    taking = Taking(single_frames=True, max_series_instances=2)
    assert [frame_part(frame, 5, taking) for frame in range(1, 6)] == [1, 1, 2, 2, 3]
    assert [frame_part(frame, 2, taking) for frame in (1, 2)] == [0, 0]
    assert frame_part(9, 9, Taking()) == 0

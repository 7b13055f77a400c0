"""Slices in order, and what is odd about where they lie."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.series_documents import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Document,
    axial_at,
    image,
    slices,
    uid,
)

from isocenter.arrangement.study import Series, arrange

CT: dict[str, Any] = {"Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}
MR: dict[str, Any] = {"Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY", "M"]}


def arranged(documents: Sequence[Document], seed: int = 7) -> Series:
    mixed = list(documents)
    random.Random(seed).shuffle(mixed)
    return arrange("1.2", mixed)


def uids(series: Series) -> list[str]:
    return [one.sop_instance_uid for one in series.instances]


def codes(series: Series) -> list[str]:
    return [notice.code for notice in series.notices]


def stacks(series: Series) -> list[list[float | None]]:
    found: dict[int, list[float | None]] = {}
    for one in series.instances:
        for place in one.places:
            found.setdefault(place.stack, []).append(place.position_mm)
    return [found[number] for number in sorted(found)]


def test_slices_come_along_the_normal_whatever_their_numbers_say() -> None:
    made = list(slices(axial_at(30, 10, 20, 0), **CT))
    series = arranged(made)
    assert uids(series) == [uid(made[at]) for at in (3, 1, 2, 0)]
    assert series.spacing_mm == 10
    assert series.plane == "axial"
    assert codes(series) == []


@pytest.mark.parametrize(
    ("orientation", "axis", "plane"),
    [(AXIAL, 2, "axial"), (CORONAL, 1, "coronal"), (SAGITTAL, 0, "sagittal")],
)
def test_planes_are_named_by_their_normal(
    orientation: tuple[float, ...], axis: int, plane: str
) -> None:
    positions = [[0.0, 0.0, 0.0] for _ in range(4)]
    for step, position in enumerate(positions):
        position[axis] = 5.0 * step
    series = arranged(list(slices(positions, orientation, **MR)))
    assert series.plane == plane
    assert series.spacing_mm == 5


def test_a_tilted_head_is_still_axial_and_half_way_is_oblique() -> None:
    def leaning(degrees: float) -> str | None:
        angle = math.radians(degrees)
        across = (1, 0, 0, 0, math.cos(angle), math.sin(angle))
        return arranged(list(slices(axial_at(0, 5), across, **MR))).plane

    assert leaning(20) == "axial"
    assert leaning(44) == "oblique"
    assert leaning(80) == "coronal"


def test_missing_slices_are_gaps_and_it_is_said_where() -> None:
    series = arranged(list(slices(axial_at(0, 2, 4, 10, 12, 16), **CT)))
    (notice,) = series.notices
    assert notice.code == "gaps"
    assert notice.message == (
        "3 slices are missing, between 4.00 and 10.00 mm, between 12.00 and 16.00 mm"
    )


def test_many_gaps_are_not_all_named() -> None:
    heights = [height for height in range(60) if height % 5]
    (notice,) = arranged(list(slices(axial_at(*heights), **CT))).notices
    assert notice.message.startswith("11 slices are missing, between ")
    assert notice.message.endswith(", and at 6 more")


def test_uneven_steps_are_told_with_the_least_and_the_greatest() -> None:
    (notice,) = arranged(list(slices(axial_at(0, 5, 10, 13, 18), **CT))).notices
    assert notice.code == "unequal_spacing"
    assert "from 3.000 to 5.000 mm" in notice.message


def test_rounded_positions_are_equally_spaced() -> None:
    heights = [round(number * 0.6666666, 2) for number in range(80)]
    assert codes(arranged(list(slices(axial_at(*heights), **CT)))) == []


def test_a_tilted_gantry_shifts_slices_beside_their_normal() -> None:
    angle = math.radians(15)
    leaning = (1, 0, 0, 0, math.cos(angle), math.sin(angle))
    series = arranged(list(slices(axial_at(0, 5, 10, 15), leaning, **CT)))
    (notice,) = series.notices
    assert notice.code == "tilted_gantry"
    assert "15.0 degrees" in notice.message
    assert series.spacing_mm == pytest.approx(5 * math.cos(angle), abs=1e-3)


def test_the_same_image_twice_is_a_duplicate() -> None:
    series = arranged([*slices(axial_at(0, 1, 2), **CT), *slices(axial_at(1), **CT)])
    (notice,) = series.notices
    assert notice.code == "duplicate_positions"
    assert series.spacing_mm == 1
    assert len(stacks(series)) == 1


def test_images_in_several_orientations_are_mixed() -> None:
    made = [*slices(axial_at(0, 1, 2), AXIAL, **MR), *slices([(0, 3, 0), (0, 6, 0)], CORONAL, **MR)]
    series = arranged(made)
    assert codes(series) == ["mixed_orientations"]
    assert series.plane is None
    assert stacks(series) == [[0, 1, 2], [3, 6]]


def test_an_image_without_a_position_comes_last_and_is_told() -> None:
    lost = image(InstanceNumber=0, **CT)
    made = [*slices(axial_at(4, 2), **CT), lost]
    series = arranged(made)
    assert uids(series) == [uid(made[1]), uid(made[0]), uid(lost)]
    assert codes(series) == ["missing_position"]


@pytest.mark.parametrize(
    "broken",
    [
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImagePositionPatient": [1, 2]},
        {"ImagePositionPatient": ["NaN", 0, 0]},
        {"ImagePositionPatient": [1e300, 0, 0]},
    ],
)
def test_a_position_that_cannot_be_is_none(broken: dict[str, list[float]]) -> None:
    assert codes(arranged([*slices(axial_at(0), **{**CT, **broken})])) == ["missing_position"]


def test_projections_need_no_position() -> None:
    assert codes(arranged([image(Modality="DX", ViewPosition="PA")])) == []


def test_without_positions_the_instance_number_counts_then_the_uid() -> None:
    made = [image(Modality="US", InstanceNumber=number) for number in (11, 2, 1)]
    nameless = image(Modality="US")
    assert uids(arranged([*made, nameless])) == [uid(made[at]) for at in (2, 1, 0)] + [
        uid(nameless)
    ]


@pytest.mark.parametrize(
    "telling",
    [
        "TemporalPositionIdentifier",
        "EchoNumbers",
        "EchoTime",
        "DiffusionBValue",
        "AcquisitionNumber",
    ],
)
def test_images_at_one_position_are_told_apart_by(telling: str) -> None:
    made = [
        one for value in (30, 4, 100) for one in slices(axial_at(3, 2, 1), **{**MR, telling: value})
    ]
    series = arranged(made)
    assert stacks(series) == [[1, 2, 3]] * 3
    assert uids(series)[:3] == [uid(made[at]) for at in (5, 4, 3)]  # 4 is less than 30 and 100
    assert codes(series) == []


def test_diffusion_is_divided_by_b_value_and_by_direction() -> None:
    directions = [None, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    made: list[Document] = []
    for direction in directions:
        told: dict[str, Any] = {"DiffusionBValue": 0 if direction is None else 1000}
        if direction is not None:
            told["DiffusionGradientOrientation"] = direction
        made += slices(axial_at(0, 4, 8), **MR, **told)
    series = arranged(made)
    assert stacks(series) == [[0, 4, 8]] * 4
    assert series.sequence == "DWI b0 b1000"


def test_a_beating_heart_is_divided_by_the_order_of_trigger_times() -> None:
    made = [
        one
        for beat in range(3)
        for height in (0, 8, 16)
        # no two slices share a trigger time
        for one in slices(axial_at(height), **MR, TriggerTime=beat * 40 + height / 4)
    ]
    series = arranged(made)
    assert stacks(series) == [[0, 8, 16]] * 3
    assert uids(series)[:3] == [uid(one) for one in made[:3]]


def test_repeated_acquisitions_are_divided_by_their_time() -> None:
    made = [
        one
        for run, minute in enumerate(("05", "06"))
        for place, height in enumerate((0, 5, 10))
        for one in slices(axial_at(height), **CT, AcquisitionTime=f"10{minute}{place + run:02}")
    ]
    assert stacks(arranged(made)) == [[0, 5, 10]] * 2


def test_one_repeated_slice_is_no_stack_of_its_own() -> None:
    made = [
        one
        for place in range(5)
        for one in slices(axial_at(place), **CT, AcquisitionTime=f"10000{place}")
    ]
    again = list(slices(axial_at(2), **CT, AcquisitionTime="101500"))
    series = arranged([*made, *again])
    assert len(stacks(series)) == 1
    assert codes(series) == ["duplicate_positions"]


def group(height: float, phase: int) -> dict[str, object]:
    return {
        "PlanePositionSequence": [{"ImagePositionPatient": [0, 0, height]}],
        "FrameContentSequence": [{"TemporalPositionIndex": phase}],
    }


def test_frames_of_an_enhanced_image_are_ordered_by_their_functional_groups() -> None:
    enhanced = image(
        Modality="MR",
        NumberOfFrames=4,
        SharedFunctionalGroupsSequence=[
            {"PlaneOrientationSequence": [{"ImageOrientationPatient": list(AXIAL)}]}
        ],
        PerFrameFunctionalGroupsSequence=[group(5, 2), group(5, 1), group(0, 1), group(0, 2)],
    )
    series = arranged([enhanced])
    (one,) = series.instances
    assert one.number_of_frames == 4
    assert [(place.frame, place.stack, place.position_mm) for place in one.places] == [
        (3, 1, 0), (2, 1, 5), (4, 2, 0), (1, 2, 5),
    ]  # fmt: skip
    assert codes(series) == []
    assert series.spacing_mm == 5


def test_a_film_is_one_entry_with_its_number_of_frames() -> None:
    (one,) = arranged([image(Modality="US", NumberOfFrames=60)]).instances
    assert one.number_of_frames == 60
    assert len(one.places) == 1

"""Studies as scanners make them: their series in the order a radiologist hangs them."""

import random
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from tests.support.series_documents import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    Document,
    axial_at,
    document,
    image,
    slices,
    uid,
)

from isocenter.arrangement.study import Series, arrange, in_order

SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
ORIGINAL = ["ORIGINAL", "PRIMARY", "AXIAL"]
MPR = ["DERIVED", "SECONDARY", "MPR"]
POSITIONS: dict[tuple[int, ...], Sequence[Sequence[float]]] = {
    AXIAL: axial_at(0, 3, 6, 9),
    CORONAL: [(0, at, 0) for at in (0, 3, 6)],
    SAGITTAL: [(at, 0, 0) for at in (0, 3, 6)],
}


def study(*series: Iterable[Document]) -> list[Series]:
    """The series in order; they come in any other one, numbered as they were made."""
    numbers = count(1)
    made = []
    for documents in series:
        number = next(numbers)
        numbered = [one | document(SeriesNumber=number) for one in documents]
        made.append(arrange(f"1.2.{number}", numbered))
    random.Random(3).shuffle(made)
    return in_order(made)


def stack(orientation: tuple[int, ...] = AXIAL, **attributes: Any) -> list[Document]:
    return list(slices(POSITIONS[orientation], orientation, **attributes))


def labels(found: list[Series]) -> list[str]:
    return [one.label for one in found]


def ct(description: str, delay: str = "", image_type: list[str] = ORIGINAL, **more: Any) -> Any:
    attributes = {
        "Modality": "CT", "ImageType": image_type, "SeriesDescription": description,
        "Manufacturer": "SIEMENS", "ConvolutionKernel": "B30f", **more,
    }  # fmt: skip
    if delay:
        attributes |= {
            "ContrastBolusAgent": "Iopromid",
            "ContrastBolusStartTime": "120000",
            "AcquisitionTime": delay,
        }
    return attributes


def test_a_multi_phase_abdomen_begins_native_and_ends_with_its_report() -> None:
    found = study(
        stack(**ct("Topogram 0.6 T20s", image_type=SCOUT)),
        stack(**ct("Leber 5.0 B30f", delay="120500")),
        stack(**ct("Leber 5.0 B30f", delay="120115")),
        stack(CORONAL, **ct("Leber cor", delay="120115", image_type=MPR)),
        stack(**ct("Leber 5.0 B30f", delay="120030")),
        stack(**ct("Abdomen nativ 5.0 B30f")),
        [image(Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67")],
        [image(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SeriesDescription="Patient Protocol")],
    )  # fmt: skip
    assert labels(found) == [
        "CT native, soft, axial",
        "CT arterial, soft, axial",
        "CT portal venous, soft, axial",
        "CT delayed, soft, axial",
        "CT portal venous, soft, coronal, reformat",
        "CT, axial, localizer",
        "CT, dose report",
        "SR, dose report",
    ]


def mr(description: str = "", **attributes: Any) -> Any:
    return {"Modality": "MR", "SeriesDescription": description, **attributes}


def test_a_brain_comes_t1_t2_flair_diffusion_and_after_contrast() -> None:
    t1 = {"ScanningSequence": "SE", "EchoTime": 9, "RepetitionTime": 550}
    echo_planar = {"ScanningSequence": "EP", "EchoTime": 80, "RepetitionTime": 5000}
    found = study(
        [*stack(AXIAL, **mr("localizer")), *stack(CORONAL, **mr("localizer"))],
        [*stack(**mr("diff", **echo_planar, DiffusionBValue=0)),
         *stack(**mr("diff", **echo_planar, DiffusionBValue=1000))],
        stack(**mr("diff_ADC", **echo_planar, ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])),
        stack(**mr("flair", ScanningSequence=["SE", "IR"], EchoTime=90, RepetitionTime=9000, InversionTime=2500)),
        stack(**mr("t2", ScanningSequence="SE", EchoTime=100, RepetitionTime=5000)),
        stack(**mr("swi", ImageType=["ORIGINAL", "PRIMARY", "M", "SWI"])),
        stack(**mr("t1", **t1)),
        stack(**mr("tof", ScanningSequence="GR", AngioFlag="Y")),
        stack(SAGITTAL, **mr("t1 km", **t1, ContrastBolusAgent="Gadobutrol")),
        stack(**mr("t1 km", **t1, ContrastBolusAgent="Gadobutrol")),
    )  # fmt: skip
    assert labels(found) == [
        "T1, axial",
        "T2, axial",
        "FLAIR, axial",
        "DWI b0 b1000, axial",
        "ADC, axial",
        "SWI, axial",
        "TOF, axial",
        "T1 post contrast, axial",
        "T1 post contrast, sagittal",
        "MR, localizer",
    ]
    assert all(one.notices == () for one in found)


def test_a_trauma_scan_keeps_its_reconstructions_behind_the_slices_they_are_of() -> None:
    def recon(plane: tuple[int, ...], kernel: str) -> list[Document]:
        return stack(plane, **ct("recon", image_type=MPR, ConvolutionKernel=kernel))

    found = study(
        stack(**ct("scout", image_type=SCOUT)),
        stack(**ct("Polytrauma", delay="120100", ConvolutionKernel="H70h")),
        recon(SAGITTAL, "H70h"),
        recon(CORONAL, "H70h"),
        stack(**ct("Kopf", ConvolutionKernel="B30f")),
        stack(**ct("Polytrauma", delay="120100", ConvolutionKernel="Bl57f")),
        stack(**ct("Polytrauma", delay="120100")),
        stack(**ct("VRT", image_type=["DERIVED", "SECONDARY", "VRT"])),
    )
    assert labels(found) == [
        "CT native, soft, axial",
        "CT portal venous, soft, axial",
        "CT portal venous, lung, axial",
        "CT portal venous, bone, axial",
        "CT native, bone, coronal, reformat",
        "CT native, bone, sagittal, reformat",
        "CT native, soft, axial, projection",
        "CT, axial, localizer",
    ]


def breast(side: str, view: str) -> Document:
    if view == "MLO":  # as newer machines say it
        return image(
            Modality="MG", ImageLaterality=side, ViewCodeSequence=[{"CodeValue": "399368009"}]
        )
    return image(Modality="MG", ImageLaterality=side, ViewPosition=view)


VIEWS = [("L", "MLO"), ("R", "MLO"), ("L", "CC"), ("R", "CC")]
HUNG = ["MG RCC", "MG LCC", "MG RMLO", "MG LMLO"]


def test_a_mammography_in_four_series_is_hung_right_to_left_and_cc_first() -> None:
    assert labels(study(*([breast(*view)] for view in VIEWS))) == HUNG


def test_a_mammography_in_one_series_is_hung_alike() -> None:
    made = [breast(*view) for view in VIEWS]
    (series,) = study(made)
    assert series.label == "MG RCC LCC RMLO LMLO"
    assert [one.sop_instance_uid for one in series.instances] == [
        uid(one) for one in reversed(made)
    ]


def test_a_view_that_nobody_named_comes_last() -> None:
    nameless = image(Modality="MG", InstanceNumber=1)
    (series,) = study([nameless, breast("R", "CC")])
    assert series.instances[-1].sop_instance_uid == uid(nameless)
    assert labels(study([nameless], [breast("L", "MLO")])) == ["MG LMLO", "MG"]


def test_a_chest_in_two_projections_is_frontal_first() -> None:
    def chest(view: str) -> list[Document]:
        return [image(Modality="DX", ViewPosition=view)]

    assert labels(study(chest("LL"), chest("PA"))) == ["DX PA", "DX LL"]


def test_what_tells_nothing_comes_by_its_number() -> None:
    found = study([image(Modality="US")], [image(Modality="US")], [image(Modality="US")])
    assert [one.series_instance_uid for one in found] == ["1.2.1", "1.2.2", "1.2.3"]

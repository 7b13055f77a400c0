"""Generated objects of each class, divided: dciodvfy finds no error in an image that it does not find in the whole."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from tests.support.enhanced_images import enhanced, errors_of, written

from isocenter.conversion.classic import classic_images

AXIAL: dict[str, Any] = {
    "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
    "PixelMeasuresSequence": {"PixelSpacing": [1, 1], "SliceThickness": 5},
    "PixelValueTransformationSequence": {"RescaleIntercept": 0, "RescaleSlope": 2, "RescaleType": "HU"},
}  # fmt: skip


def frame_type(*values: str) -> dict[str, list[str]]:
    return {"FrameType": list(values)}


def frame(**more: Any) -> dict[str, Any]:
    return {
        "PlanePositionSequence": {"ImagePositionPatient": [0, 0, 5]},
        "FrameContentSequence": {
            "FrameReferenceDateTime": "20260102120010",
            "FrameAcquisitionDateTime": "20260102120000",
            "FrameAcquisitionDuration": 60000.0,
            "FrameAcquisitionNumber": 1,
        },
        **more,
    }


CT = enhanced(
    "CT",
    {**AXIAL, "CTImageFrameTypeSequence": frame_type("ORIGINAL", "PRIMARY", "VOLUME", "NONE")},
    [frame()],
)
MR = enhanced(
    "MR",
    {
        **AXIAL,
        "MRImageFrameTypeSequence": frame_type("ORIGINAL", "PRIMARY", "T2", "NONE"),
        "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 9000, "RFEchoTrainLength": 16},
        "MREchoSequence": {"EffectiveEchoTime": 94.1},
    },
    [frame()],
    EchoPulseSequence="SPIN",
    MRAcquisitionType="2D",
)
PET = enhanced(
    "PT",
    {
        **AXIAL,
        "PETFrameTypeSequence": frame_type("ORIGINAL", "PRIMARY", "STATIC", "NONE"),
        "RealWorldValueMappingSequence": {"MeasurementUnitsCodeSequence": {"CodeValue": "Bq/ml"}},
    },
    [frame(PETFrameCorrectionFactorsSequence={"DecayFactor": 1.02})],
    SeriesDate="20260102",
    SeriesTime="120000",
    CountsSource="EMISSION",
    CollimatorType="NONE",
    DecayCorrected="YES",
    RandomsCorrectionMethod="DLYD",
)
XA = enhanced(
    "XA",
    {
        "FramePixelDataPropertiesSequence": {
            **frame_type("ORIGINAL", "PRIMARY", "SINGLE PLANE", "NONE"),
            "PixelIntensityRelationship": "LIN",
        },
    },
    [
        {
            "PositionerPositionSequence": {"PositionerPrimaryAngle": 10},
            "FrameAcquisitionSequence": {"KVP": 70, "XRayTubeCurrentInmA": 100.0},
        }
    ],
    RadiationSetting="GR",
    ExposureTimeInms=10.5,
)


@pytest.mark.parametrize("whole", [CT, MR, PET, XA], ids=["CT", "MR", "PET", "XA"])
def test_no_image_has_an_error_that_the_object_has_not(whole: Dataset, tmp_path: Path) -> None:
    before = errors_of(written(whole, tmp_path / "whole.dcm"))
    for image in classic_images(whole):
        assert errors_of(written(image, tmp_path / "one.dcm")) - before == set()

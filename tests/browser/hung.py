"""Studies that hang by a protocol: few small slices, each series of a grey of its own, said as scanners say it."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
)
from tests.browser.kinds import SIDE, dataset

AXIAL, CORONAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]
SLICES = 6
SPIN_ECHO = {"ScanningSequence": "SE", "SequenceVariant": "SK", "ScanOptions": ""}


def _image(
    name: str, modality: str, series: int, number: int, more: Mapping[str, object]
) -> Dataset:
    ds = dataset(name, np.full((SIDE, SIDE), 100 * series, np.int16), modality)
    ds.SeriesDescription, ds.SeriesNumber, ds.InstanceNumber = f"Series {series}", series, number
    ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.{series}"
    ds.SOPInstanceUID = f"{ds.SeriesInstanceUID}.{number}"
    ds.WindowCenter, ds.WindowWidth = 300, 600
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def _stack(
    name: str, modality: str, series: int, orientation: Sequence[float], more: Mapping[str, object]
) -> list[Dataset]:
    normal = np.cross(orientation[:3], orientation[3:])
    made = []
    for number in range(1, SLICES + 1):
        ds = _image(name, modality, series, number, more)
        ds.ImageOrientationPatient = list(orientation)
        ds.ImagePositionPatient = [float(part) for part in normal * 5.0 * number]
        ds.PixelSpacing, ds.FrameOfReferenceUID = [0.5, 0.5], f"{ds.StudyInstanceUID}.99"
        made.append(ds)
    return made


def mr_brain(name: str) -> list[Dataset]:
    """Diffusion, FLAIR, T2 and T1, numbered against the order they hang in."""
    said: list[dict[str, object]] = [
        {**SPIN_ECHO, "EchoTime": 90, "RepetitionTime": 5000, "DiffusionBValue": 1000.0},
        {"ScanningSequence": ["SE", "IR"], "EchoTime": 100, "RepetitionTime": 9000, "InversionTime": 2500},
        {**SPIN_ECHO, "EchoTime": 100, "RepetitionTime": 4000},
        {**SPIN_ECHO, "EchoTime": 10, "RepetitionTime": 500},
    ]  # fmt: skip
    return [
        ds
        for series, more in enumerate(said, 1)
        for ds in _stack(name, "MR", series, AXIAL, {"SOPClassUID": MRImageStorage, **more})
    ]


def ct_trauma(name: str) -> list[Dataset]:
    """Sagittal, coronal, bone and soft reconstructions of one scan."""
    said = [(SAGITTAL, "Hr60"), (CORONAL, "Hr60"), (AXIAL, "Hr60"), (AXIAL, "Br40")]
    made = []
    for series, (orientation, kernel) in enumerate(said, 1):
        more = {
            "SOPClassUID": CTImageStorage, "ConvolutionKernel": kernel, "Manufacturer": "SIEMENS",
            "RescaleIntercept": 0, "RescaleSlope": 1, "RescaleType": "HU",
        }  # fmt: skip
        made += _stack(name, "CT", series, orientation, more)
    return made


def mammography(name: str) -> list[Dataset]:
    """Two views of each side."""
    views = [("L", "MLO"), ("R", "MLO"), ("L", "CC"), ("R", "CC")]
    kind = DigitalMammographyXRayImageStorageForPresentation
    return [
        _image(
            name,
            "MG",
            series,
            1,
            {"SOPClassUID": kind, "ImageLaterality": side, "ViewPosition": view},
        )
        for series, (side, view) in enumerate(views, 1)
    ]


def radiographs(name: str) -> list[Dataset]:
    """A chest from the front and from the side."""
    kind = DigitalXRayImageStorageForPresentation
    return [
        _image(name, "DX", series, 1, {"SOPClassUID": kind, "ViewPosition": view})
        for series, view in enumerate(("PA", "LL"), 1)
    ]

"""Slices of a series as Part 10 files, with pixels that no two share."""

import io

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian


def ct_slice(
    sop: str,
    study: str = "1.2.1",
    *,
    series: str = "1.2.2",
    number: int = 1,
    side: int = 128,
    patient_id: str = "4711",
) -> bytes:
    """A slice with a bright disc in noise."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    disc = np.where(x**2 + y**2 < 0.5, 200, -900)
    pixels = (disc + rng.integers(-20, 20, (side, side))).astype("<i2")
    return ct_file(pixels, sop, study, series=series, number=number, patient_id=patient_id)


def ct_file(
    pixels: npt.NDArray[np.int16],
    sop: str,
    study: str,
    *,
    series: str = "1.2.2",
    number: int = 1,
    z_mm: float | None = None,
    patient_id: str = "4711",
) -> bytes:
    """A signed CT slice with these Hounsfield units, at z = `number` mm unless told."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, sop
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260102", "101500", "CT"
    ds.PatientName, ds.PatientID, ds.AccessionNumber = "Doe^Jane", patient_id, ""
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [0, 0, number if z_mm is None else z_mm]
    ds.PixelSpacing, ds.SliceThickness = [1, 1], 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.WindowCenter, ds.WindowWidth = 0, 1, 40, 400
    ds.PixelData = pixels.tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = sop
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()

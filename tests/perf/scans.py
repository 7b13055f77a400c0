"""Scans to send: CT slices of 525 KB, and small ones of 20 KB, quickly made with fresh UIDs."""

import io
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

# tokens of fixed length that are replaced in the encoded bytes
SOP = "2.25.111111111111111111111111111111"
STUDY = "2.25.222222222222222222222222222222"
SERIES = "2.25.333333333333333333333333333333"
PATIENT = "PATIENT-00000000"
NAME = "Family00000000^Given"
DATE = "20200101"
NUMBER = "4444444444"


def template(rows: int, columns: int) -> bytes:
    """One encoded CT slice with some sixty elements, all tokens in place."""
    ds = Dataset()
    ds.SpecificCharacterSet, ds.ImageType = "ISO_IR 100", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, SOP
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = DATE
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "101112.123"
    ds.AccessionNumber, ds.Modality, ds.Manufacturer = "ACC-" + NUMBER, "CT", "Isocenter bench"
    ds.InstitutionName, ds.ReferringPhysicianName = "General Hospital", "Referrer^Robin"
    ds.StationName, ds.StudyDescription, ds.SeriesDescription = "CT01", "CT ABDOMEN", "Axial 1.0"
    ds.ManufacturerModelName = "Model One"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        NAME,
        PATIENT,
        "19500101",
        "F",
    )
    ds.PatientAge, ds.PatientWeight, ds.BodyPartExamined = "070Y", "70", "ABDOMEN"
    ds.ScanOptions, ds.SliceThickness, ds.KVP, ds.DataCollectionDiameter = (
        "HELICAL",
        "1.0",
        "120",
        "500",
    )
    ds.DeviceSerialNumber, ds.SoftwareVersions, ds.ProtocolName = "123456", "1.2.3", "6.1 ABDOMEN"
    ds.ReconstructionDiameter, ds.GantryDetectorTilt, ds.TableHeight = "360", "0", "150"
    ds.RotationDirection, ds.ExposureTime, ds.XRayTubeCurrent, ds.Exposure = (
        "CW",
        "500",
        "200",
        "100",
    )
    ds.FilterType, ds.GeneratorPower, ds.FocalSpots, ds.ConvolutionKernel = "0", "60", "1.2", "B30f"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.StudyID, ds.SeriesNumber = STUDY, SERIES, "1", "3"
    ds.AcquisitionNumber, ds.InstanceNumber = "1", NUMBER
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-180, -180, 12.5], [1, 0, 0, 0, 1, 0]
    ds.FrameOfReferenceUID, ds.SliceLocation = STUDY + ".9", "12.5"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = (
        1,
        "MONOCHROME2",
        rows,
        columns,
    )
    ds.PixelSpacing, ds.BitsAllocated, ds.BitsStored, ds.HighBit = [0.7, 0.7], 16, 12, 11
    ds.PixelRepresentation, ds.WindowCenter, ds.WindowWidth = 0, "40", "400"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    ds.PixelData = (
        np.random.default_rng(7).integers(0, 4096, (rows, columns), dtype="<u2").tobytes()
    )
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
        CTImageStorage,
        SOP,
    )
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def uid(kind: int, *numbers: int) -> str:
    """A UID of the tokens' length: one digit for the kind, then numbers."""
    digits = "".join(f"{number:07d}" for number in numbers)
    return f"2.25.{kind}{digits:0<29}"[: len(SOP)]


class Maker:
    """Makes instances by replacing tokens; `run` keeps the UIDs of different runs apart."""

    def __init__(self, run: int, rows: int = 512, columns: int = 512) -> None:
        self._bytes = template(rows, columns)
        self._run = run

    def study_uid(self, study: int) -> str:
        """UID of a study."""
        return uid(2, self._run, study)

    def series_uid(self, study: int) -> str:
        """UID of a study's one series."""
        return uid(3, self._run, study)

    def sop_uid(self, study: int, number: int) -> str:
        """UID of an instance."""
        return uid(1, self._run, study, number)

    def instance(self, study: int, number: int) -> bytes:
        """One Part 10 file."""
        day = f"{2000 + study % 26:04d}{1 + study // 26 % 12:02d}{1 + study // 312 % 28:02d}"
        made = self._bytes
        for token, value in (
            (SOP, self.sop_uid(study, number)),
            (STUDY, self.study_uid(study)),
            (SERIES, self.series_uid(study)),
            (PATIENT, f"PATIENT-{study:08d}"),
            (NAME, f"Family{study:08d}^Given"),
            (DATE, day),
            (NUMBER, f"{number:010d}"),
        ):
            made = made.replace(token.encode(), value.encode())
        return made

    def write(self, folder: Path, study: int, count: int, first: int = 0) -> list[Path]:
        """Write `count` instances of a study."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for number in range(first, first + count):
            path = folder / f"{study:06d}-{number:06d}.dcm"
            path.write_bytes(self.instance(study, number))
            paths.append(path)
        return paths

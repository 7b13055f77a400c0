"""The sample studies as Part 10 files in memory. All of them carry the issuer ISOCENTER-SAMPLE."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from isocenter.embedded.samples import phantom

ISSUER = "ISOCENTER-SAMPLE"
PACKAGED_FOLDERS = ("test_files", "charset_files")


@dataclass(frozen=True, slots=True)
class PhantomStudy:
    """One examination of the phantom."""

    date: str
    accession_number: str
    description: str
    lesion_radius_mm: float
    seed: int


CURRENT = PhantomStudy("20260914", "ISO-2026-0914", "CT Abdomen, follow-up (phantom)", 11.0, 2)
PRIOR = PhantomStudy("20260302", "ISO-2026-0302", "CT Abdomen (phantom)", 6.5, 1)


def _uid(*words: str) -> str:
    return str(generate_uid(prefix="2.25.", entropy_srcs=["isocenter phantom", *words]))


def _common(study: PhantomStudy, geometry: phantom.Geometry) -> Dataset:
    """Everything the slices of a study share."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = study.date
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "093000"
    ds.AccessionNumber = study.accession_number
    ds.Modality = "CT"
    ds.Manufacturer = "Isocenter"
    ds.ReferringPhysicianName = "Röntgen^Wilhelm"
    ds.StudyDescription, ds.SeriesDescription = study.description, "Axial 2.5 mm"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Phantom^Iso", "PHANTOM-1", ISSUER
    ds.PatientBirthDate, ds.PatientSex = "19700101", "O"
    ds.BodyPartExamined, ds.PatientPosition = "ABDOMEN", "HFS"
    ds.SliceThickness = ds.SpacingBetweenSlices = geometry.slice_spacing_mm
    ds.KVP = "120"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(study.date), _uid(study.date, "1")
    ds.FrameOfReferenceUID = _uid(study.date, "frame of reference")
    ds.StudyID, ds.SeriesNumber, ds.PositionReferenceIndicator = "1", 1, ""
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = geometry.rows, geometry.columns
    ds.PixelSpacing = [geometry.pixel_spacing_mm, geometry.pixel_spacing_mm]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = 40, 400
    return ds


def _part10(ds: Dataset) -> bytes:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def phantom_slices(study: PhantomStudy, geometry: phantom.Geometry) -> Iterator[bytes]:
    """The slices of one examination, feet first."""
    voxels = phantom.volume(geometry, lesion_radius_mm=study.lesion_radius_mm, seed=study.seed)
    ds = _common(study, geometry)
    half_x = (geometry.columns - 1) / 2 * geometry.pixel_spacing_mm
    half_y = (geometry.rows - 1) / 2 * geometry.pixel_spacing_mm
    half_z = (geometry.slices - 1) / 2 * geometry.slice_spacing_mm
    for number, pixels in enumerate(voxels):
        z = number * geometry.slice_spacing_mm - half_z
        ds.SOPInstanceUID = _uid(study.date, "1", str(number))
        ds.InstanceNumber = number + 1
        ds.ImagePositionPatient = [-half_x, -half_y, z]
        ds.SliceLocation = z
        ds.PixelData = pixels.tobytes()
        yield _part10(ds)


def packaged_paths() -> list[Path]:
    """DICOM files that pydicom's own package carries, by name."""
    root = Path(str(files("pydicom.data")))
    found: list[Path] = []
    for folder in PACKAGED_FOLDERS:
        found += [path for path in sorted((root / folder).rglob("*.dcm")) if path.is_file()]
    return found


def packaged_files() -> Iterator[bytes]:
    """Those packaged files that are whole instances, with our issuer added; of several with one UID the first."""
    seen: set[str] = set()
    for path in packaged_paths():
        try:
            ds = pydicom.dcmread(path)
            ds.IssuerOfPatientID = ISSUER
            out = io.BytesIO()
            ds.save_as(out, enforce_file_format=True)
        except Exception:  # noqa: S112  (files meant to be broken are left out of the samples)
            continue
        uids = [
            ds.get(keyword)
            for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
        ]
        if all(uids) and uids[0] not in seen:
            seen.add(uids[0])
            yield out.getvalue()


def sample_files(geometry: phantom.Geometry | None = None) -> Iterator[bytes]:
    """All samples: the phantom's two examinations first."""
    grid = geometry or phantom.Geometry()
    for study in (CURRENT, PRIOR):
        yield from phantom_slices(study, grid)
    yield from packaged_files()

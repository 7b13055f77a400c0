"""Pictures of every kind of pixel that the quick viewer shows: four quarters of known values, 64 by 64."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

SIDE = 64
Samples = npt.NDArray[np.generic]
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
COLOURS = (RED, GREEN, BLUE, WHITE)


def study_of(name: str) -> str:
    """UID of the study that a kind is in."""
    return f"1.2.77.{int.from_bytes(name.encode(), 'big')}"


def quarters(values: Sequence[object], kind: type[np.generic]) -> Samples:
    """A picture of four quarters: top left, top right, bottom left, bottom right."""
    found = np.asarray(values, dtype=kind)
    grid = found.reshape(2, 2, *found.shape[1:])
    return grid.repeat(SIDE // 2, axis=0).repeat(SIDE // 2, axis=1)


def dataset(name: str, samples: Samples, modality: str = "OT") -> Dataset:
    """A data set with these samples: rows, columns and, for colours, 3; frames before them."""
    ds = Dataset()
    ds.SpecificCharacterSet, ds.Modality = "ISO_IR 192", modality
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.StudyInstanceUID = study_of(name)
    ds.SeriesInstanceUID, ds.SOPInstanceUID = (f"{ds.StudyInstanceUID}.{n}" for n in (1, 2))
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.AccessionNumber = "20250101", "", name, ""
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Kind^Every", "KINDS", "KINDS"
    ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = 1, 1, name
    ds.Rows, ds.Columns = SIDE, SIDE
    bits = samples.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(samples.dtype.kind == "i")
    coloured = samples.shape[-1] == 3
    ds.SamplesPerPixel = 3 if coloured else 1
    ds.PhotometricInterpretation = "RGB" if coloured else "MONOCHROME2"
    if coloured:
        ds.PlanarConfiguration = 0
    if samples.ndim == (4 if coloured else 3):
        ds.NumberOfFrames = samples.shape[0]
    ds.PixelData = samples.tobytes()
    return ds


def packed(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The data set as a file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _window(ds: Dataset, center: float, width: float) -> None:
    ds.WindowCenter, ds.WindowWidth = center, width


def _placed(ds: Dataset, z: float = 0.0) -> None:
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, z]
    ds.PixelSpacing, ds.FrameOfReferenceUID = [0.5, 0.5], f"{ds.StudyInstanceUID}.9"


def rgb(name: str, *, planar: bool) -> Dataset:
    """Colours, by pixel or by plane."""
    samples = quarters(COLOURS, np.uint8)
    ds = dataset(name, samples)
    if planar:
        ds.PlanarConfiguration = 1
        ds.PixelData = samples.transpose(2, 0, 1).tobytes()
    return ds


def ybr(name: str) -> Dataset:
    """The same colours as luminance and chrominance (PS3.3 C.7.6.3.1.2)."""
    ds = dataset(
        name, quarters([(76, 85, 255), (150, 44, 21), (29, 255, 107), (255, 128, 128)], np.uint8)
    )
    ds.PhotometricInterpretation = "YBR_FULL"
    return ds


def palette(name: str) -> Dataset:
    """The same colours as numbers of a palette."""
    ds = dataset(name, quarters([0, 1, 2, 3], np.uint8))
    ds.PhotometricInterpretation = "PALETTE COLOR"
    for place, word in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{word}PaletteColorLookupTableDescriptor", [4, 0, 16])
        entries = np.asarray([colour[place] * 257 for colour in COLOURS], dtype="<u2")
        setattr(ds, f"{word}PaletteColorLookupTableData", entries.tobytes())
    return ds


def frames_of_colours(name: str) -> Dataset:
    """Two frames: black, then the colours."""
    samples = np.stack([np.zeros((SIDE, SIDE, 3), np.uint8), quarters(COLOURS, np.uint8)])
    ds = dataset(name, samples, "US")
    ds.SOPClassUID = MultiFrameTrueColorSecondaryCaptureImageStorage
    return ds


def signed(name: str) -> Dataset:
    """12 bits with a sign, and other bits above them; in Hounsfield units."""
    ds = dataset(name, quarters([-160, 0, 100, 240], np.int16), "CT")
    twelve = np.frombuffer(ds.PixelData, "<u2") & np.uint16(0x0FFF)
    ds.PixelData = (twelve | np.uint16(0x3000)).tobytes()
    ds.SOPClassUID, ds.BitsStored, ds.HighBit = CTImageStorage, 12, 11
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "HU"
    _window(ds, 40, 400)
    _placed(ds)
    return ds


def curved(name: str, function: str) -> Dataset:
    """The same, with a window of another shape."""
    ds = signed(name)
    ds.VOILUTFunction = function
    return ds


TABLE = (0, 1000, 2000, 4000)


def tabled(name: str) -> Dataset:
    """Values that are places in a modality lookup table."""
    ds = dataset(name, quarters([0, 1, 2, 3], np.uint8))
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [len(TABLE), 0, 12])
    table.ModalityLUTType = "OD"
    table.add_new("LUTData", "US", list(TABLE))
    ds.ModalityLUTSequence = Items([table])
    _window(ds, 2048, 4096)
    return ds


def overlaid(name: str) -> Dataset:
    """The same under a drawing that covers the second quarter."""
    ds = signed(name)
    ds.add_new(0x60000010, "US", SIDE // 2)
    ds.add_new(0x60000011, "US", SIDE // 2)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, SIDE // 2 + 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", b"\xff" * (SIDE // 2 * SIDE // 2 // 8))
    return ds


def uptake(name: str) -> Dataset:
    """Activities whose uptake values are a thousandth of them, whatever the quarter."""
    ds = dataset(name, quarters([0, 1000, 2000, 4000], np.int16), "PT")
    ds.SOPClassUID, ds.Units, ds.DecayCorrection = (
        PositronEmissionTomographyImageStorage,
        "BQML",
        "START",
    )
    ds.RescaleIntercept, ds.RescaleSlope, ds.PatientWeight = 0, 1, 80
    ds.SeriesDate = ds.AcquisitionDate = "20250101"
    ds.SeriesTime = ds.AcquisitionTime = "110000"
    dose = Dataset()
    dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = 160e6, 3600
    dose.RadiopharmaceuticalStartTime = "100000"  # half of it is left when the scan begins
    ds.RadiopharmaceuticalInformationSequence = Items([dose])
    _window(ds, 2000, 4000)
    _placed(ds)
    return ds


def inverted(name: str) -> Dataset:
    """A radiograph whose highest values are black, measured at the detector."""
    ds = dataset(name, quarters([0, 1000, 2000, 4095], np.uint16), "DX")
    ds.SOPClassUID, ds.BitsStored, ds.HighBit = DigitalXRayImageStorageForPresentation, 12, 11
    ds.PhotometricInterpretation, ds.ImagerPixelSpacing = "MONOCHROME1", [0.25, 0.25]
    ds.PatientOrientation = ["L", "F"]
    _window(ds, 2048, 4096)
    return ds


def calibrated(name: str) -> Dataset:
    """The same, calibrated by a fiducial."""
    ds = inverted(name)
    ds.PixelSpacing, ds.PixelSpacingCalibrationType = [0.2, 0.2], "FIDUCIAL"
    return ds


def ultrasound(name: str) -> Dataset:
    """Greys with one calibrated region."""
    ds = dataset(name, quarters([0, 85, 170, 255], np.uint8), "US")
    ds.SOPClassUID = UltrasoundImageStorage
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 63, 63
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.1
    ds.SequenceOfUltrasoundRegions = Items([region])
    return ds


def enhanced(name: str) -> Dataset:
    """Three frames, each with a scale and a place of its own."""
    stored = quarters([0, 1000, 1024, 1264], np.uint16)
    ds = dataset(name, np.stack([stored, stored, stored]), "CT")
    ds.SOPClassUID, ds.BitsStored, ds.HighBit = EnhancedCTImageStorage, 12, 11
    ds.FrameOfReferenceUID = f"{ds.StudyInstanceUID}.9"
    shared = Dataset()
    shared.PixelMeasuresSequence = _one(PixelSpacing=[0.5, 0.5], SliceThickness=2)
    shared.PlaneOrientationSequence = _one(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.FrameVOILUTSequence = _one(WindowCenter=40, WindowWidth=400)
    ds.SharedFunctionalGroupsSequence = Items([shared])
    groups = []
    for frame in range(3):
        own = Dataset()
        own.PlanePositionSequence = _one(ImagePositionPatient=[0, 0, 2 * frame])
        own.PixelValueTransformationSequence = _one(
            RescaleIntercept=-1024 + 50 * frame, RescaleSlope=1, RescaleType="HU"
        )
        groups.append(own)
    ds.PerFrameFunctionalGroupsSequence = Items(groups)
    return ds


def _one(**attributes: object) -> Items:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return Items([item])


def phases(name: str) -> list[Dataset]:
    """A CT of three phases, eight slices each, numbered against the order they hang in."""
    made = []
    for number, phase in enumerate(("portal venous", "arterial", "native"), 1):
        for slice_ in range(8):
            ds = dataset(name, quarters([0, 60, 90, 200], np.int16), "CT")
            ds.SOPClassUID, ds.SeriesDescription = CTImageStorage, f"Abdomen {phase}"
            ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.{number}"
            ds.SOPInstanceUID = f"{ds.SeriesInstanceUID}.{slice_ + 1}"
            ds.SeriesNumber, ds.InstanceNumber = number, slice_ + 1
            ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
            ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "HU"
            _window(ds, 40, 400)
            _placed(ds, slice_ * 5.0)
            made.append(ds)
    return made


def broken(name: str) -> list[bytes]:
    """Two pictures, the second of which is no JPEG 2000 although it says so."""
    whole = dataset(name, quarters([0, 85, 170, 255], np.uint8))
    other = dataset(name, quarters([0, 85, 170, 255], np.uint8))
    other.SOPInstanceUID, other.InstanceNumber = f"{other.StudyInstanceUID}.3", 2
    other.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(60)])
    other["PixelData"].VR = "OB"
    return [packed(whole), packed(other, JPEG2000Lossless)]

"""Enhanced multi-frame images (CT, MR, PET, XA, XRF; legacy converted ones too) as classic images, one a frame."""

from collections.abc import Iterator

from pydicom import DataElement, Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

from isocenter.conversion.frames import frames_of, number_of_frames
from isocenter.conversion.functional_groups import flattened, groups_of, unassigned
from isocenter.conversion.naming import derived_uid
from isocenter.conversion.pet import PetSeries, describe, pet_series
from isocenter.conversion.table import CLASSIC_CLASSES, TABLE
from isocenter.conversion.wording import fill, reword
from isocenter.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from isocenter.dicom.transfer_syntaxes import transfer_syntax

_LEFT_OUT = frozenset(TABLE["left_out"]["keywords"])
_PET = "PT"


def classic_images(enhanced: Dataset, first: int = 1) -> Iterator[Dataset]:
    """One classic image for each frame from the `first` on, in a series of their own; `enhanced` stays as it is.

    Pixels are the same bytes in the same transfer syntax. UIDs are functions of the object's and the frame's number.
    Source Image Sequence names the frame, and what the object itself was converted from.

    Raises:
        KeyError: the object is not enhanced.
        InvalidInstance: its frames cannot be told apart.
    """
    target = CLASSIC_CLASSES[str(enhanced.SOPClassUID)]
    modality = str(enhanced.get("Modality") or "")
    series = pet_series(enhanced, number_of_frames(enhanced)) if modality == _PET else None
    for number, content in enumerate(frames_of(enhanced), 1):
        if number < first:
            continue
        classic = _header(enhanced, number, modality, series)
        _name(classic, enhanced, number, target)
        _show(classic, enhanced, content)
        yield classic


def _header(enhanced: Dataset, frame: int, modality: str, series: PetSeries | None) -> Dataset:
    groups = groups_of(enhanced, frame)
    classic = Dataset()
    for source in (enhanced, flattened(groups)):
        for element in source:
            if element.keyword not in _LEFT_OUT or element.tag.is_private:
                classic.add(_own(element))
    if series is not None:
        describe(classic, series, frame)
    reword(classic, modality)
    for element in unassigned(groups):  # as the original said it
        classic.add(_own(element))
    for keyword in _LEFT_OUT & set(classic.dir()):
        delattr(classic, keyword)
    fill(classic, modality)
    return classic


def _own(element: DataElement) -> DataElement:
    """An element that can be given another value without changing the object it is of."""
    return DataElement(element.tag, element.VR, element.value, already_converted=True)


def _name(classic: Dataset, enhanced: Dataset, frame: int, sop_class_uid: str) -> None:
    sop = str(enhanced.SOPInstanceUID)
    whole = enhanced.get("ConcatenationUID") or sop  # parts of one object make one series
    classic.SOPClassUID = sop_class_uid
    classic.SOPInstanceUID = derived_uid("classic image", sop, frame)
    classic.SeriesInstanceUID = derived_uid("classic series", enhanced.SeriesInstanceUID, whole)
    classic.InstanceNumber = frame + int(enhanced.get("ConcatenationFrameOffsetNumber") or 0)
    classic.SourceImageSequence = [
        *_sources(enhanced, frame),
        *(classic.get("SourceImageSequence") or ()),
    ]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class_uid
    meta.MediaStorageSOPInstanceUID = classic.SOPInstanceUID
    meta.TransferSyntaxUID = enhanced.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    classic.file_meta = meta


def _sources(enhanced: Dataset, frame: int) -> list[Dataset]:
    own = Dataset()
    own.ReferencedSOPClassUID = enhanced.SOPClassUID
    own.ReferencedSOPInstanceUID = enhanced.SOPInstanceUID
    own.ReferencedFrameNumber = frame
    groups = groups_of(enhanced, frame)
    earlier = [
        item for group in groups for item in group.get("ConversionSourceAttributesSequence") or ()
    ]
    return [own, *earlier]


def _show(classic: Dataset, enhanced: Dataset, content: bytes) -> None:
    if transfer_syntax(str(enhanced.file_meta.TransferSyntaxUID)).encapsulated:
        classic.add(DataElement(0x7FE00010, "OB", encapsulate([content])))
        classic["PixelData"].is_undefined_length = True
        return
    padded = content + b"\0" * (len(content) % 2)
    classic.add(DataElement(0x7FE00010, enhanced["PixelData"].VR, padded))

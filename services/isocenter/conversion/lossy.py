"""What a data set says once its pixels lost something (PS3.3 C.7.6.1.1.5); pixels are changed elsewhere."""

from pydicom import Dataset

from isocenter.conversion.naming import derived_uid
from isocenter.conversion.table import LOSSY_METHODS

_LOSSY_COMPRESSION = ("113040", "DCM", "Lossy Compression")  # PS3.16 CID 7203
_UNCOMPRESSED_PREDECESSOR = ("121320", "DCM", "Uncompressed predecessor")  # PS3.16 CID 7202
_MAX_DERIVATION = 1024  # characters of an ST


def is_lossy(dataset: Dataset) -> bool:
    """Whether it lost something already: that is never taken back (PS3.3 C.7.6.1.1.5)."""
    return str(dataset.get("LossyImageCompression") or "") == "01"


def mark_lossy(dataset: Dataset, syntax: str, quality: int, ratio: float) -> None:
    """Make it a derived image with a name of its own, a function of its source's, the syntax and the quality.

    `ratio` is of the bytes before and after. The source is named in Source Image Sequence.
    """
    method = LOSSY_METHODS[syntax]
    append_item(dataset, "SourceImageSequence", _source(dataset))
    append_item(dataset, "DerivationCodeSequence", _code(_LOSSY_COMPRESSION))
    before = str(dataset.get("DerivationDescription") or "")
    said = f"lossy compression, {method}, ratio {ratio:.1f}"
    dataset.DerivationDescription = "; ".join(filter(None, (before, said)))[-_MAX_DERIVATION:]
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = [*_values(dataset, "LossyImageCompressionRatio"), ratio]
    dataset.LossyImageCompressionMethod = [*_values(dataset, "LossyImageCompressionMethod"), method]
    kinds = _values(dataset, "ImageType")
    if kinds:
        dataset.ImageType = ["DERIVED", *kinds[1:]]
    name_anew(dataset, derived_uid("lossy image", dataset.SOPInstanceUID, syntax, quality))


def name_anew(dataset: Dataset, sop_instance_uid: str) -> None:
    """Give it another SOP Instance UID, in its File Meta too."""
    dataset.SOPInstanceUID = sop_instance_uid
    dataset.file_meta.MediaStorageSOPInstanceUID = sop_instance_uid


def source_of(dataset: Dataset) -> Dataset:
    """An item that names the object as it is now."""
    item = Dataset()
    item.ReferencedSOPClassUID = dataset.SOPClassUID
    item.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    return item


def _source(dataset: Dataset) -> Dataset:
    item = source_of(dataset)
    item.PurposeOfReferenceCodeSequence = [_code(_UNCOMPRESSED_PREDECESSOR)]
    return item


def append_item(dataset: Dataset, keyword: str, item: Dataset) -> None:
    """Add it behind the items that the sequence has, if any."""
    setattr(dataset, keyword, [*(dataset.get(keyword) or ()), item])


def _code(code: tuple[str, str, str]) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item


def _values(dataset: Dataset, keyword: str) -> list[object]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if not isinstance(value, str | float | int) else [value]

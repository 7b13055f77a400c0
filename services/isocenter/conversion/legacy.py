"""A classic series as one Legacy Converted Enhanced object (PS3.3 A.70 to A.72), made by highdicom."""

import warnings
from collections.abc import Sequence

from highdicom.legacy import (
    LegacyConvertedEnhancedCTImage,
    LegacyConvertedEnhancedMRImage,
    LegacyConvertedEnhancedPETImage,
)
from pydicom import Dataset

from isocenter.conversion.naming import derived_uid
from isocenter.errors import InvalidInstance

_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2": LegacyConvertedEnhancedCTImage,
    "1.2.840.10008.5.1.4.1.1.4": LegacyConvertedEnhancedMRImage,
    "1.2.840.10008.5.1.4.1.1.128": LegacyConvertedEnhancedPETImage,
}
_MAKER = "Highdicom open-source contributors"


def is_classic(sop_class_uid: str) -> bool:
    """Whether a series of this class can become one enhanced object."""
    return sop_class_uid in _CLASSES


def legacy_enhanced(images: Sequence[Dataset]) -> Dataset:
    """All images of one series as one object, in a series of its own; pixels are the same bytes.

    All of it is in memory. UIDs are functions of those of the images, in whatever order they come.

    Raises:
        InvalidInstance: they are not images of one series and one kind (class, size, frame of reference, syntax).
    """
    kinds = {(str(one.SOPClassUID), str(one.file_meta.TransferSyntaxUID)) for one in images}
    if len(kinds) != 1:
        raise InvalidInstance("images of several kinds are no one object")
    ((sop_class, _),) = kinds
    if sop_class not in _CLASSES:
        raise InvalidInstance("there is no enhanced class for these images")
    ordered = sorted(images, key=lambda one: (one.get("InstanceNumber") or 0, one.SOPInstanceUID))
    series = str(ordered[0].get("SeriesInstanceUID"))
    names = sorted(str(one.SOPInstanceUID) for one in images)
    try:
        with warnings.catch_warnings():  # about what the images lacked already
            warnings.simplefilter("ignore")
            made: Dataset = _CLASSES[sop_class](
                ordered,
                series_instance_uid=derived_uid("enhanced series", series),
                series_number=ordered[0].get("SeriesNumber") or 1,
                sop_instance_uid=derived_uid("enhanced image", *names),
                instance_number=1,
            )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InvalidInstance("these images do not make one enhanced object") from error
    _forget_when(made)
    _name_dimensions(made)
    if not any("ContrastBolusAgent" in image for image in images):
        made.pop("ContrastBolusAgent", None)  # empty, it would leave open whether there was one
    return made


def _forget_when(made: Dataset) -> None:
    """Leave out when it was made: the same images make the same object, whenever."""
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        made.pop(keyword, None)
    for equipment in made.get("ContributingEquipmentSequence") or ():
        if equipment.get("Manufacturer") == _MAKER:
            equipment.pop("ContributionDateTime", None)


def _name_dimensions(made: Dataset) -> None:
    """Give Dimension Organizations, which are drawn by lot, names that are functions of the object's."""
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in made.get(keyword) or ():
            item.DimensionOrganizationUID = derived_uid("dimensions", made.SOPInstanceUID)

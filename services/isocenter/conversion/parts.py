"""A series in parts, for viewers that cannot hold all of it: what a data set of a later part says.

An instance may not be in two series under one name, so in another series it is another object, with the same pixels.
The first part keeps its names.
"""

from pydicom import Dataset

from isocenter.conversion.lossy import append_item, name_anew, source_of
from isocenter.conversion.naming import derived_uid
from isocenter.conversion.table import FIRST_PART

_MAX_DESCRIPTION = 64  # characters of an LO


def in_part(dataset: Dataset, part: int) -> None:
    """Move it into that part of its series; names are functions of its own and the part's number."""
    if part <= FIRST_PART:
        return
    append_item(dataset, "SourceImageSequence", source_of(dataset))
    dataset.SeriesInstanceUID = derived_uid("part of a series", dataset.SeriesInstanceUID, part)
    name_anew(dataset, derived_uid("in a part of a series", dataset.SOPInstanceUID, part))
    suffix = f" (part {part})"
    described = str(dataset.get("SeriesDescription") or "")[: _MAX_DESCRIPTION - len(suffix)]
    dataset.SeriesDescription = (described + suffix).strip()

"""DICOM JSON documents of images that never were, by keyword: series of scanners for tests of their arrangement."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from isocenter.dicom.attributes import ATTRIBUTES, TAGS, key_of

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)

Document = dict[str, Any]
_numbers = count(1)


def document(**attributes: Any) -> Document:
    """A document of these attributes; a list of dictionaries is a sequence, other lists several values."""
    return {
        key_of(TAGS[keyword]): {"vr": ATTRIBUTES[TAGS[keyword]].vr[:2], "Value": _values(value)}
        for keyword, value in attributes.items()
    }


def _values(value: Any) -> list[Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return [document(**one) if isinstance(one, dict) else one for one in values]


def image(**attributes: Any) -> Document:
    """The same with a SOP Instance UID of its own."""
    return document(**{"SOPInstanceUID": f"1.2.3.{next(_numbers)}", **attributes})


def slices(
    positions: Sequence[Sequence[float]],
    orientation: Sequence[float] = AXIAL,
    **attributes: Any,
) -> Iterator[Document]:
    """An image at each position, numbered from 1."""
    for number, position in enumerate(positions, 1):
        yield image(
            **{
                "InstanceNumber": number,
                "ImagePositionPatient": list(position),
                "ImageOrientationPatient": list(orientation),
                **attributes,
            }
        )


def axial_at(*heights: float) -> list[tuple[float, float, float]]:
    """Positions of an axial stack."""
    return [(-100.0, -100.0, float(height)) for height in heights]


def uid(document: Document) -> str:
    """Its SOP Instance UID."""
    return str(document["00080018"]["Value"][0])

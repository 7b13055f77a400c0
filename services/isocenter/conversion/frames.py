"""The frames of an object as their bytes lie in it; nothing is decoded."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.encaps import generate_frames

from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import InvalidInstance


def number_of_frames(dataset: Dataset) -> int:
    """How many frames the object says it has; raises InvalidInstance."""
    try:
        stated = dataset.get("NumberOfFrames")
        count = 1 if stated is None else int(stated)
    except (ValueError, TypeError) as error:
        raise InvalidInstance("Number of Frames is no number") from error
    if count < 1:
        raise InvalidInstance("an object without frames")
    return count


def frames_of(dataset: Dataset) -> Iterator[bytes]:
    """Bytes of each frame in order, of a compressed one its codestream; raises InvalidInstance."""
    content = dataset.get("PixelData")
    if not isinstance(content, bytes):
        raise InvalidInstance("there is no Pixel Data")
    syntax = transfer_syntax(str(dataset.file_meta.TransferSyntaxUID))
    if syntax.video:
        raise InvalidInstance("frames of a video are no images of their own")
    found = _fragments(dataset, content) if syntax.encapsulated else _cut(dataset, content)
    count = 0
    for frame in found:
        yield frame
        count += 1
    if count != number_of_frames(dataset):
        raise InvalidInstance("there are not as many frames as the object says")


def _cut(dataset: Dataset, content: bytes) -> Iterator[bytes]:
    try:
        samples = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel
        length, rest = divmod(samples * dataset.BitsAllocated, 8)
    except (AttributeError, TypeError) as error:
        raise InvalidInstance("the size of a frame is not said") from error
    if rest or not length:
        raise InvalidInstance("a frame does not end with a byte")
    count = number_of_frames(dataset)
    if len(content) < count * length:
        raise InvalidInstance("Pixel Data ends before the last frame does")
    for start in range(0, count * length, length):
        yield content[start : start + length]


def _fragments(dataset: Dataset, content: bytes) -> Iterator[bytes]:
    offsets, lengths = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    extended = (offsets, lengths) if offsets and lengths else None
    try:
        yield from generate_frames(
            content, number_of_frames=number_of_frames(dataset), extended_offsets=extended
        )
    except (ValueError, EOFError) as error:
        raise InvalidInstance("fragments cannot be told apart into frames") from error

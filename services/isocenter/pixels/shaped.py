"""A stored object as a receiver can take it: one frame, a part of a series, with loss. Runs in codec processes only.

Where nothing is asked for but names, the pixels' bytes stay as they are.
"""

from collections.abc import Iterator
from dataclasses import replace

import pydicom

from isocenter.conversion.classic import classic_images
from isocenter.conversion.frames import frames_of
from isocenter.conversion.lossy import is_lossy, mark_lossy
from isocenter.conversion.parts import in_part
from isocenter.conversion.table import LOSSY_METHODS, is_enhanced
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import InvalidInstance, UnsupportedSyntax
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.divided import told
from isocenter.pixels.image import Image, image_of
from isocenter.pixels.jobs import Shape
from isocenter.pixels.lossy import encode_lossy
from isocenter.pixels.rewrite import compress, decode_in_place, encapsulated, read_dataset, written
from isocenter.pixels.source import Source

ENOUGH_BYTES = 16 << 20
MAX_FILES = 16  # of one job: each may have to be decoded and encoded
_DESCRIBING = (
    "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "PixelRepresentation",
    "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames",
)  # fmt: skip


def shaped_files(
    source: Source, shape: Shape, syntax: str, max_bytes: int
) -> tuple[dict[str, str], bytes]:
    """Part 10 files in `syntax`: the one asked for, and, of frames, some that follow it; `divided_of` reads them.

    Raises UnsupportedSyntax, InvalidInstance, LimitExceeded.
    """
    if transfer_syntax(syntax).big_endian:
        raise UnsupportedSyntax("nothing is written in big endian")
    dataset = read_dataset(source)
    stored = str(dataset.file_meta.TransferSyntaxUID)
    if not transfer_syntax(stored).encapsulated:
        # what was read is no longer deflated or in another order
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    files: list[bytes] = []
    size = 0
    for one in _objects(dataset, shape.frame_number):
        in_part(one, shape.part)
        if syntax in LOSSY_METHODS:
            _lose(one, syntax, shape.quality, max_bytes)
        elif syntax != stored:
            _rewrite(one, syntax, max_bytes)
        files.append(written(one, pydicom.uid.UID(syntax), max_bytes))
        size += len(files[-1])
        if size >= ENOUGH_BYTES or len(files) == MAX_FILES:
            break
    if not files:
        raise InvalidInstance("there is no such frame")
    return told(files, len(files))


def _objects(dataset: pydicom.Dataset, frame_number: int) -> Iterator[pydicom.Dataset]:
    """The object itself, or its frames from a number on."""
    if not frame_number:
        return iter((dataset,))
    if not is_enhanced(str(dataset.SOPClassUID)):
        raise InvalidInstance("no enhanced image")
    return classic_images(dataset, frame_number)


def _image(dataset: pydicom.Dataset, max_bytes: int) -> Image:
    described = pydicom.Dataset()
    for keyword in _DESCRIBING:
        if keyword in dataset:
            described.add(dataset[keyword])
    image = image_of(described.to_json_dict(), str(dataset.file_meta.TransferSyntaxUID))
    return image.within(max_bytes, image.number_of_frames)


def _rewrite(dataset: pydicom.Dataset, syntax: str, max_bytes: int) -> None:
    if "PixelData" not in dataset:
        return
    image = _image(dataset, max_bytes)
    contents = ((content, 0) for content in frames_of(dataset))
    if transfer_syntax(syntax).encapsulated:
        compress(dataset, list(contents), image, syntax)
    elif transfer_syntax(image.transfer_syntax_uid).encapsulated:
        decode_in_place(dataset, list(contents), image)


def _lose(dataset: pydicom.Dataset, syntax: str, quality: int, max_bytes: int) -> None:
    image = _image(dataset, max_bytes)
    if is_lossy(dataset) or not transfer_syntax(image.transfer_syntax_uid).lossless:
        raise UnsupportedSyntax("it lost something before")
    encoded, photometric = _encoded(dataset, image, syntax, quality)
    size = sum(map(len, encoded))
    dataset.PhotometricInterpretation = photometric
    encapsulated(dataset, encoded, image)
    mark_lossy(dataset, syntax, quality, round(image.decoded_bytes * len(encoded) / size, 2))


def _encoded(
    dataset: pydicom.Dataset, image: Image, syntax: str, quality: int
) -> tuple[list[bytes], str]:
    encoded: list[bytes] = []
    photometric = image.photometric_interpretation
    for content in _contents(dataset):
        colour = decoded_photometric_interpretation(image, content)
        decoded = replace(image, photometric_interpretation=colour, planar_configuration=0)
        frame, photometric = encode_lossy(decode_frame(content, image), decoded, syntax, quality)
        encoded.append(frame)
    return encoded, photometric


def _contents(dataset: pydicom.Dataset) -> Iterator[bytes]:
    if "PixelData" not in dataset:
        raise UnsupportedSyntax("there are no pixels to be compressed")
    return frames_of(dataset)

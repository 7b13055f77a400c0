"""A stored object as a Part 10 file in another transfer syntax, pixels decoded. Runs in codec processes only."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pydicom
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from isocenter.errors import LimitExceeded
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.encode import encode_frame, photometric_of
from isocenter.pixels.image import Image
from isocenter.pixels.source import Source

_OFFSET_TABLES = (0x7FE00001, 0x7FE00002, 0x7FE00003)  # of encapsulated pixels only
PIXEL_DATA = 0x7FE00010
Frames = list[tuple[list[tuple[int, int]], int]]
"""Of each its byte ranges, and the bit in the first byte where it starts."""
Contents = Iterable[tuple[bytes, int]]
_WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def uncompressed_file(
    source: Source,
    frames: Frames,
    image: Image | None,
    max_bytes: int,
    *,
    is_implicit: bool = False,
) -> bytes:
    """Bytes of the file, in Explicit VR Little Endian unless it is to be implicit.

    `image` is None when there are no pixels to decode: then only the data set is rewritten.
    """
    dataset = read_dataset(source)
    if image is not None:
        image.within(max_bytes, len(frames))
        decode_in_place(dataset, _contents(source, frames), image)
    syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    return written(dataset, syntax, max_bytes)


def compressed_file(
    source: Source, frames: Frames, image: Image, max_bytes: int, syntax: str
) -> bytes:
    """Bytes of the file in a lossless compressed transfer syntax, each frame proven to come back equal.

    Raises UnsupportedSyntax, InvalidInstance, LimitExceeded.
    """
    image.within(max_bytes, len(frames))
    dataset = read_dataset(source)
    compress(dataset, _contents(source, frames), image, syntax)
    return written(dataset, UID(syntax), max_bytes)


def compress(dataset: pydicom.Dataset, contents: Contents, image: Image, syntax: str) -> None:
    """Put frames, each with the bit in its first byte where it starts, into the data set in a lossless compression.

    Raises UnsupportedSyntax, InvalidInstance.
    """
    encoded: list[bytes] = []
    photometric = image.photometric_interpretation
    for content, first_bit in contents:
        samples = decode_frame(content, image, first_bit)
        photometric = decoded_photometric_interpretation(image, content)
        decoded = replace(image, photometric_interpretation=photometric, planar_configuration=0)
        encoded.append(encode_frame(samples, decoded, syntax))
    dataset.PhotometricInterpretation = photometric_of(image, photometric, syntax)
    encapsulated(dataset, encoded, image)


def encapsulated(dataset: pydicom.Dataset, encoded: list[bytes], image: Image) -> None:
    """Put compressed frames into the data set, colour by pixel."""
    _drop(dataset, _OFFSET_TABLES)
    dataset.add_new(PIXEL_DATA, "OB", encapsulate(encoded, has_bot=len(encoded) > 1))
    dataset[PIXEL_DATA].is_undefined_length = True
    if image.samples_per_pixel > 1:
        dataset.PlanarConfiguration = 0


def _contents(source: Source, frames: Frames) -> Iterator[tuple[bytes, int]]:
    for ranges, first_bit in frames:
        yield source.read_all(ranges), first_bit


def read_dataset(source: Source) -> pydicom.Dataset:
    """The data set with every element's VR, words in little endian."""
    dataset = pydicom.dcmread(source.path, force=True)
    if _lacks_vr(dataset):
        for _ in dataset.iterall():  # looking at an element gives it its VR
            pass
    if not dataset.original_encoding[1]:
        dataset.walk(_little_endian_words)
    return dataset


def _drop(dataset: pydicom.Dataset, tags: Iterable[int]) -> None:
    for tag in tags:
        if tag in dataset:
            del dataset[tag]


def written(dataset: pydicom.Dataset, syntax: UID, max_bytes: int) -> bytes:
    """Its Part 10 file; raises LimitExceeded."""
    dataset.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    if out.tell() > 2 * max_bytes:
        raise LimitExceeded("the object is too large to be rewritten here", max_bytes=max_bytes)
    return out.getvalue()


def _lacks_vr(dataset: pydicom.Dataset) -> bool:
    """Tell whether elements were read without a VR, which files that say they are explicit do too."""
    return any(getattr(dataset.get_item(tag), "VR", "") is None for tag in dataset.keys())  # noqa: SIM118


def _little_endian_words(dataset: pydicom.Dataset, element: pydicom.DataElement) -> None:
    """Turn a value that is kept as raw bytes round; numbers are written in the new order anyway."""
    del dataset
    width = _WORD_BYTES.get(element.VR)
    if width is not None and isinstance(element.value, bytes) and len(element.value) % width == 0:
        element.value = np.frombuffer(element.value, f"u{width}").byteswap().tobytes()


def decode_in_place(dataset: pydicom.Dataset, contents: Contents, image: Image) -> None:
    """Put frames, each with the bit in its first byte where it starts, into the data set uncompressed."""
    decoded = bytearray()
    photometric = image.photometric_interpretation
    bits: list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = []
    for content, first_bit in contents:
        samples = decode_frame(content, image, first_bit)
        photometric = decoded_photometric_interpretation(image, content)
        if image.bits_allocated == 1:
            bits.append(samples.ravel())
        else:
            decoded += samples.tobytes()
    if bits:
        decoded += np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    if len(decoded) % 2:
        decoded += b"\0"
    _drop(dataset, _OFFSET_TABLES)
    dataset.add_new(PIXEL_DATA, "OW" if image.bits_allocated > 8 else "OB", bytes(decoded))
    dataset[PIXEL_DATA].is_undefined_length = False
    dataset.PhotometricInterpretation = photometric
    if image.samples_per_pixel > 1:
        dataset.PlanarConfiguration = 0

"""Small whole instances, written byte by byte."""

import struct
from hashlib import sha256

from tests.support.data_sets import SECONDARY_CAPTURE, element, text

from isocenter.dicom.part10 import write_file_meta
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["SECONDARY_CAPTURE", "data_set", "digest_of", "multipart", "part10"]


def data_set(
    sop: str,
    study: str = "1.2.3",
    series: str = "1.2.3.4",
    *,
    name: str = "Doe^Jane",
    pixels: bytes = b"\1" * 64,
) -> bytes:
    rows = struct.pack("<H", 8)
    return b"".join((
        text(0x00080016, "UI", SECONDARY_CAPTURE),
        text(0x00080018, "UI", sop),
        text(0x00080020, "DA", "20260102"),
        text(0x00080060, "CS", "OT"),
        text(0x00100010, "PN", name, "utf-8"),
        text(0x00100020, "LO", "4711"),
        text(0x0020000D, "UI", study),
        text(0x0020000E, "UI", series),
        element(0x00280010, "US", rows),
        element(0x00280011, "US", rows),
        element(0x7FE00010, "OW", pixels + b"\0" * (len(pixels) % 2)),
    ))  # fmt: skip


def part10(
    sop: str,
    study: str = "1.2.3",
    series: str = "1.2.3.4",
    *,
    name: str = "Doe^Jane",
    pixels: bytes = b"\1" * 64,
) -> bytes:
    meta = write_file_meta(SECONDARY_CAPTURE, sop, EXPLICIT_VR_LITTLE_ENDIAN)
    return meta + data_set(sop, study, series, name=name, pixels=pixels)


def digest_of(data_set: bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> str:
    """The identity of bytes: sha256 over transfer syntax and data set."""
    return sha256(syntax.encode() + b"\n" + data_set).hexdigest()


def multipart(
    files: list[bytes], boundary: str = "b0undary", part_type: str = "application/dicom"
) -> bytes:
    head = f"\r\n--{boundary}\r\nContent-Type: {part_type}\r\n\r\n".encode()
    return b"".join(head + file for file in files) + f"\r\n--{boundary}--\r\n".encode()

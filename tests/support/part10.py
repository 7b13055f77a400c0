"""Small whole instances, written byte by byte."""

import struct

from isocenter.dicom.part10 import write_file_meta

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def _element(group: int, number: int, vr: str, value: bytes) -> bytes:
    pad = b"\0" if vr in ("UI", "OB", "OW") else b" "
    value += pad * (len(value) % 2)
    if vr in ("OB", "OW"):
        return struct.pack("<HH2sHL", group, number, vr.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


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
        _element(8, 0x16, "UI", SECONDARY_CAPTURE.encode()),
        _element(8, 0x18, "UI", sop.encode()),
        _element(8, 0x20, "DA", b"20260102"),
        _element(8, 0x60, "CS", b"OT"),
        _element(0x10, 0x10, "PN", name.encode()),
        _element(0x10, 0x20, "LO", b"4711"),
        _element(0x20, 0x0D, "UI", study.encode()),
        _element(0x20, 0x0E, "UI", series.encode()),
        _element(0x28, 0x10, "US", rows),
        _element(0x28, 0x11, "US", rows),
        _element(0x7FE0, 0x10, "OW", pixels),
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


def multipart(
    files: list[bytes], boundary: str = "b0undary", part_type: str = "application/dicom"
) -> bytes:
    head = f"\r\n--{boundary}\r\nContent-Type: {part_type}\r\n\r\n".encode()
    return b"".join(head + file for file in files) + f"\r\n--{boundary}--\r\n".encode()

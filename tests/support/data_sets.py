"""Data sets built by hand, byte by byte, so that they can be wrong in every way."""

import struct

from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

UNDEFINED = 0xFFFFFFFF
LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
EXPLICIT = EXPLICIT_VR_LITTLE_ENDIAN
IMPLICIT = IMPLICIT_VR_LITTLE_ENDIAN
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def element(
    tag: int, vr: str, value: bytes, length: int | None = None, *, big: bool = False
) -> bytes:
    """An explicit element; `length` is what its header claims."""
    order = ">" if big else "<"
    length = len(value) if length is None else length
    head = struct.pack(order + "HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in LONG_VRS:
        return head + struct.pack(order + "HL", 0, length) + value
    return head + struct.pack(order + "H", length) + value


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    return (
        struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length)
        + value
    )


def item(content: bytes, *, undefined: bool = False) -> bytes:
    if undefined:
        return implicit(0xFFFEE000, content, UNDEFINED) + implicit(0xFFFEE00D, b"")
    return implicit(0xFFFEE000, content)


SEQUENCE_END = implicit(0xFFFEE0DD, b"")


def text(tag: int, vr: str, value: str, encoding: str = "ascii") -> bytes:
    raw = value.encode(encoding)
    return element(tag, vr, raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2))


def identity(
    sop_class: str = SECONDARY_CAPTURE,
    sop: str = "1.2.3",
    study: str = "1.2.1",
    series: str = "1.2.2",
) -> tuple[bytes, bytes]:
    """What comes before, and what comes after, the patient group."""
    before = text(0x00080016, "UI", sop_class) + text(0x00080018, "UI", sop)
    return before, text(0x0020000D, "UI", study) + text(0x0020000E, "UI", series)


def instance(
    *,
    early: bytes = b"",
    patient: bytes = b"",
    image: bytes = b"",
    late: bytes = b"",
    charset: str | None = None,
) -> bytes:
    """A data set in explicit little endian; parts go before group 8,16, to group 10, to group 28 and after it."""
    before, after = identity()
    start = b"" if charset is None else text(0x00080005, "CS", charset)
    return start + early + before + patient + after + image + late


def image_of(rows: int = 2, columns: int = 2, frames: int | None = None, bits: int = 8) -> bytes:
    parts = [element(0x00280002, "US", b"\1\0")]
    if frames is not None:
        parts.append(text(0x00280008, "IS", str(frames)))
    parts.append(element(0x00280010, "US", struct.pack("<H", rows)))
    parts.append(element(0x00280011, "US", struct.pack("<H", columns)))
    parts.append(element(0x00280100, "US", struct.pack("<H", bits)))
    return b"".join(parts)


def encapsulated(
    fragments: list[bytes], offset_table: bytes = b"", *, delimited: bool = True
) -> bytes:
    content = item(offset_table) + b"".join(item(fragment) for fragment in fragments)
    return element(0x7FE00010, "OB", content + (SEQUENCE_END if delimited else b""), UNDEFINED)

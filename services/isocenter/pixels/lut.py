"""Lookup tables of DICOM: modality, VOI and palette (PS3.3 C.11.1, C.11.2, C.7.9)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isocenter.dicom.json_attributes import values
from isocenter.errors import InvalidInstance
from isocenter.pixels.document import Document, ReadBulk, binary, integer, item

MAX_ENTRIES = 65_536


@dataclass(frozen=True, slots=True)
class Lut:
    """`entries` start at input value `first`; inputs outside take the nearest end. `bits` is the depth of an entry."""

    first: int
    bits: int
    entries: NDArray[np.uint16]

    def __call__(self, samples: NDArray[np.generic]) -> NDArray[np.uint16]:
        """Map samples of any integer or floating type."""
        place = np.clip(samples.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[place]


def lut_of(
    document: Document, descriptor_tag: str, data_tag: str, read_bulk: ReadBulk, *, signed: bool
) -> Lut | None:
    """Read one table; None when it is not there, InvalidInstance when it cannot be one."""
    descriptor = values(document, descriptor_tag)
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(value) for value in descriptor)
    count = (count & 0xFFFF) or MAX_ENTRIES
    if signed and first > 0x7FFF:
        first -= 0x10000
    if not 0 < bits <= 16:
        raise InvalidInstance("a lookup table's depth is not usable")
    content = binary(document, data_tag, read_bulk)
    entries = _entries(content, count)
    return Lut(first, bits, entries) if entries.size else None


def _entries(content: bytes, count: int) -> NDArray[np.uint16]:
    if len(content) < 2 * count:  # one byte per entry, two in a word
        return np.frombuffer(content[:count], np.uint8).astype(np.uint16)
    return np.frombuffer(content[: 2 * count], "<u2").astype(np.uint16)


def lut_in_sequence(
    document: Document, sequence_tag: str, read_bulk: ReadBulk, *, signed: bool
) -> Lut | None:
    """First table of a Modality or VOI LUT Sequence."""
    first = item(document, sequence_tag)
    return lut_of(first, "00283002", "00283006", read_bulk, signed=signed) if first else None


def palette_of(document: Document, read_bulk: ReadBulk) -> tuple[Lut, Lut, Lut]:
    """Red, green and blue tables of a PALETTE COLOR image; raises InvalidInstance when one is missing."""
    signed = integer(document, "00280103", 0) == 1
    tables: list[Lut] = []
    for colour in (1, 2, 3):
        descriptor = f"0028110{colour}"
        table = lut_of(document, descriptor, f"0028120{colour}", read_bulk, signed=signed)
        if table is None:
            table = _segmented(document, descriptor, f"0028122{colour}", read_bulk)
        tables.append(table)
    return tables[0], tables[1], tables[2]


def _segmented(document: Document, descriptor_tag: str, data_tag: str, read_bulk: ReadBulk) -> Lut:
    """Expand segmented palette data (PS3.3 C.7.9.2): discrete and linear segments of 16-bit words."""
    descriptor = values(document, descriptor_tag)
    words = np.frombuffer(binary(document, data_tag, read_bulk)[: 8 * MAX_ENTRIES], "<u2")
    if len(descriptor) != 3 or not words.size:
        raise InvalidInstance("a palette's table is missing")
    out: list[int] = []
    place = 0
    while place + 2 < len(words) and len(out) < MAX_ENTRIES:
        kind, length = int(words[place]), int(words[place + 1])
        if kind == 0:
            out += words[place + 2 : place + 2 + length].tolist()
            place += 2 + length
        elif kind == 1 and out:
            out += np.linspace(out[-1], int(words[place + 2]), length + 1)[1:].round().tolist()
            place += 3
        else:
            raise InvalidInstance("a palette's segment is of an unknown kind")
    return Lut(int(descriptor[1]), int(descriptor[2]), np.asarray(out[:MAX_ENTRIES], np.uint16))

"""Bytes of a stored object as a codec process reads them: plain ranges, or ranges of what a deflated data set holds."""

from dataclasses import dataclass
from pathlib import Path

from isocenter.errors import InvalidInstance
from isocenter.pixels.document import ReadBulk
from isocenter.pixels.inflate import inflated_range

MAX_INFLATED_BYTES = 8 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and where its deflated data set starts (None when it is not deflated).

    Offsets count bytes of the object as if it were inflated.
    """

    path: str
    deflated_from: int | None = None

    def read(self, start: int, end: int) -> bytes:
        """Bytes `[start, end)`; raises InvalidInstance when the object ends before."""
        with Path(self.path).open("rb") as file:
            if self.deflated_from is not None:
                file.seek(self.deflated_from)
                skipped = self.deflated_from
                return inflated_range(file, start - skipped, end - skipped, MAX_INFLATED_BYTES)
            file.seek(start)
            content = file.read(end - start)
        if len(content) != end - start:
            raise InvalidInstance("the object is shorter than its description")
        return content

    def read_all(self, ranges: list[tuple[int, int]]) -> bytes:
        """The ranges one after another."""
        return b"".join(self.read(start, end) for start, end in ranges)

    def bulk_reader(self, *, swap_words: bool, max_bytes: int) -> ReadBulk:
        """A reader of BulkDataURIs that end in `/<offset>/<length>`; big endian words are swapped."""

        def read_bulk(uri: str) -> bytes:
            parts = uri.rsplit("/", 2)
            if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
                raise InvalidInstance("a bulk value cannot be located")
            offset, length = int(parts[1]), int(parts[2])
            if length > max_bytes:
                raise InvalidInstance("a bulk value is too long for a lookup table")
            content = self.read(offset, offset + length)
            if not swap_words:
                return content
            swapped = bytearray(content[: len(content) & ~1])
            swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
            return bytes(swapped)

        return read_bulk

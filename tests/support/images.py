"""Frames of real files, located as the platform does it: header scan, layout, description out of the DICOM JSON."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.frames import Frame, FrameLayout, frame_layout
from isocenter.dicom.header import scan
from isocenter.dicom.part10 import read_file_meta
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.indexer.document import row_of
from isocenter.ingest.receipt import build_receipt
from isocenter.pixels.document import Document
from isocenter.pixels.image import Image, image_of
from isocenter.streaming.stored import stored_of


@dataclass(frozen=True)
class Located:
    """A file's image and where its frames are; offsets count bytes of `content`."""

    content: bytes
    image: Image
    layout: FrameLayout
    document: bytes
    dataset_offset: int
    deflated: bool

    def places(self) -> Iterator[Frame]:
        return (self.layout.frame(n) for n in range(1, self.layout.number_of_frames + 1))

    def frame(self, number: int) -> tuple[bytes, int]:
        place = self.layout.frame(number)
        return b"".join(self.content[a:b] for a, b in place.ranges), place.first_bit

    def frames(self) -> list[tuple[bytes, int]]:
        """All of them, with the first bit of each; inflated where the data set is deflated."""
        if not self.deflated:
            return [self.frame(n) for n in range(1, self.layout.number_of_frames + 1)]
        skipped = self.dataset_offset
        inflated = zlib.decompress(self.content[skipped:], -zlib.MAX_WBITS)
        return [
            (
                b"".join(inflated[a - skipped : b - skipped] for a, b in place.ranges),
                place.first_bit,
            )
            for place in self.places()
        ]


def layout_of(pixels: PixelLocation, document: Document, syntax: str) -> FrameLayout:
    """Raises InvalidInstance for a document that describes no image."""
    image = image_of(document, syntax, pixels.tag)
    return frame_layout(
        pixels,
        image.number_of_frames,
        frame_bits=image.native_frame_bits,
        swapped_words=image.swapped_words,
        one_stream=transfer_syntax(syntax).video,
    )


def located(path: Path) -> Located:
    """Raises InvalidInstance or LimitExceeded for what ingest would not take."""
    content = path.read_bytes()
    meta = read_file_meta(content)
    header = scan(content, meta.dataset_offset, meta.transfer_syntax_uid)
    digest = sha256(content).hexdigest()
    receipt = build_receipt(header, digest, meta.transfer_syntax_uid, entries.Sender(), [])
    receipt.size_bytes, receipt.dataset_offset = len(content), meta.dataset_offset
    row = row_of(receipt, 1, "test", "")
    stored = stored_of(row)
    assert stored.image is not None
    assert stored.layout is not None
    image = stored.image
    if image.swapped_words:
        at = stored.layout.pixels.offset
        image = image.written_as(content[at - 8 : at - 6])
    return Located(
        content, image, stored.layout, row.document, meta.dataset_offset, header.deflated
    )

"""Where each frame's bytes lie in the object, from what the journal says of Pixel Data (PS3.5 A.4 and 8.1)."""

from dataclasses import dataclass
from itertools import accumulate

from isocenter.api.journal.v1.entries_pb2 import PixelData
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import NotFound
from isocenter.pixels.image import Image
from isocenter.pixels.jobs import Frame

ITEM_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Frames of one instance, numbered from 1. Offsets count bytes of the object (as if inflated)."""

    tag: str
    encapsulated: bool
    number_of_frames: int
    offset: int
    length: int
    frame_bits: int  # native only
    swapped_words: bool
    starts: tuple[int, ...]  # of the fragments' contents
    lengths: tuple[int, ...]
    firsts: tuple[int, ...]  # first fragment of each frame; empty: fragment n is frame n

    def frame(self, number: int) -> Frame:
        """Ranges of one frame.

        Raises NotFound when there is no such frame, or not all of it: instances arrive with their pixels cut off.
        """
        if not 1 <= number <= self.number_of_frames:
            raise NotFound(f"there is no frame {number}; the image has {self.number_of_frames}")
        return self._encapsulated(number) if self.encapsulated else self._native(number)

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, bytes."""
        return 400 + 72 * len(self.starts) + 36 * len(self.firsts)

    def _encapsulated(self, number: int) -> Frame:
        first, end = number - 1, number
        if self.number_of_frames == 1:
            first, end = 0, len(self.starts)
        elif self.firsts:
            first = self.firsts[number - 1]
            end = self.firsts[number] if number < len(self.firsts) else len(self.starts)
        if not first < end <= len(self.starts):
            raise NotFound("the frame's fragments are not there")
        return Frame(
            tuple((self.starts[n], self.starts[n] + self.lengths[n]) for n in range(first, end))
        )

    def _native(self, number: int) -> Frame:
        first_bit = (number - 1) * self.frame_bits
        start, end = first_bit // 8, (first_bit + self.frame_bits + 7) // 8
        if self.swapped_words:
            end += end & 1
        if end > self.length:
            raise NotFound("the pixels end before this frame does")
        return Frame(((self.offset + start, self.offset + end),), first_bit % 8)


def layout_of(content: bytes, stated_frames: int, image: Image | None) -> FrameLayout | None:
    """Read an index row's `pixel_data`; None when there is none. Native pixels need `image` to be divided."""
    if not content:
        return None
    pixels = PixelData.FromString(content)
    lengths = tuple(pixels.fragment_lengths)
    starts: tuple[int, ...] = ()
    if lengths:
        steps = accumulate((n + ITEM_HEADER_BYTES for n in lengths[:-1]), initial=pixels.offset)
        starts = tuple(start + ITEM_HEADER_BYTES for start in steps)
    firsts = tuple(pixels.frame_first_fragments)
    return FrameLayout(
        tag=pixels.tag,
        encapsulated=pixels.encapsulated,
        number_of_frames=_frames(pixels, stated_frames, image),
        offset=pixels.offset,
        length=pixels.length,
        frame_bits=image.native_frame_bits if image is not None else pixels.length * 8,
        swapped_words=image is not None and image.swapped_words,
        starts=starts,
        lengths=lengths,
        firsts=firsts,
    )


def _frames(pixels: PixelData, stated: int, image: Image | None) -> int:
    if not pixels.encapsulated:
        return max(1, stated) if image is not None else 1
    if max(1, stated) == 1 or (
        image is not None and transfer_syntax(image.transfer_syntax_uid).video
    ):
        return 1
    return len(pixels.frame_first_fragments) or len(pixels.fragment_lengths)

"""Where each frame's bytes lie in the object, by arithmetic or from the fragments the scan found (PS3.5 8 and A.4)."""

from dataclasses import dataclass
from itertools import accumulate

from isocenter.dicom.pixel_location import PixelLocation
from isocenter.errors import NotFound

ITEM_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """Half-open ranges of the object, in order, and the first bit of the frame in them.

    `first_bit` is not 0 where the frame does not begin a byte (one-bit samples), or does not begin a word whose bytes
    have changed places.
    """

    ranges: tuple[tuple[int, int], ...]
    first_bit: int = 0


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Frames of one instance, numbered from 1. Offsets count bytes of the object, of a deflated one as if inflated."""

    pixels: PixelLocation
    number_of_frames: int
    frame_bits: int  # native only
    word_bits: int  # native only: a frame's range begins and ends at a multiple of them
    starts: tuple[int, ...]  # of the fragments' contents

    def frame(self, number: int) -> Frame:
        """Locate one frame.

        Raises NotFound when there is no such frame, when the pixels are cut off before it ends, and when nobody can
        tell which fragments belong to it.
        """
        if not 1 <= number <= self.number_of_frames:
            raise NotFound(f"there is no frame {number}; the image has {self.number_of_frames}")
        return self._encapsulated(number) if self.pixels.encapsulated else self._native(number)

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, bytes."""
        return 400 + 72 * len(self.starts) + 36 * len(self.pixels.frame_first_fragments)

    def _encapsulated(self, number: int) -> Frame:
        first, end = self._fragments_of(number)
        if not first < end <= len(self.starts):
            raise NotFound("the frame's fragments are not there")
        lengths = self.pixels.fragment_lengths
        return Frame(
            tuple((self.starts[n], self.starts[n] + lengths[n]) for n in range(first, end))
        )

    def _fragments_of(self, number: int) -> tuple[int, int]:
        firsts, fragments = self.pixels.frame_first_fragments, len(self.starts)
        if self.number_of_frames == 1:
            return 0, fragments
        if (len(firsts) or fragments) != self.number_of_frames:
            raise NotFound("the fragments cannot be told apart into frames")
        if not firsts:
            return number - 1, number
        return firsts[number - 1], firsts[number] if number < len(firsts) else fragments

    def _native(self, number: int) -> Frame:
        first_bit = (number - 1) * self.frame_bits
        first_word = first_bit // self.word_bits
        end_word = -(-(first_bit + self.frame_bits) // self.word_bits)
        start, end = first_word * self.word_bits // 8, end_word * self.word_bits // 8
        if end > self.pixels.length:
            raise NotFound("the pixels end before this frame does")
        at = self.pixels.offset
        return Frame(((at + start, at + end),), first_bit - first_word * self.word_bits)


def frame_layout(
    pixels: PixelLocation,
    number_of_frames: int,
    *,
    frame_bits: int = 0,
    swapped_words: bool = False,
    one_stream: bool = False,
) -> FrameLayout:
    """Lay out `number_of_frames`, of `frame_bits` each when native; 0 bits: unknown, all pixels are the only frame.

    `swapped_words`: samples of 8 bits in big endian words of 16 (PS3.5 8.1.1). `one_stream`: a video, all of whose
    fragments are one frame.
    """
    steps = accumulate(
        (length + ITEM_HEADER_BYTES for length in pixels.fragment_lengths[:-1]),
        initial=pixels.offset + ITEM_HEADER_BYTES,
    )
    whole = one_stream if pixels.encapsulated else frame_bits <= 0
    return FrameLayout(
        pixels=pixels,
        number_of_frames=1 if whole else max(1, number_of_frames),
        frame_bits=frame_bits if frame_bits > 0 else pixels.length * 8,
        word_bits=16 if swapped_words else 8,
        starts=tuple(steps) if pixels.fragment_lengths else (),
    )

"""Where an instance's pixels are, as bytes of the stored object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PixelLocation:
    """Place of Pixel Data, Float or Double Float Pixel Data; the same fields as `journal.v1.PixelData`.

    `tag` is eight hexadecimal digits. `offset` is the first byte of the value; when encapsulated, of the item that
    follows the Basic Offset Table. `length` counts bytes; when encapsulated, up to the sequence delimiter.
    `fragment_lengths` are without the 8-byte item headers. `frame_first_fragments` is the index of the first fragment
    of each frame; empty means fragment n is frame n.
    """

    tag: str
    offset: int
    length: int
    encapsulated: bool = False
    fragment_lengths: tuple[int, ...] = ()
    frame_first_fragments: tuple[int, ...] = ()

"""What has to be known of an image before its bytes can be read: the Image Pixel attributes (PS3.3 C.7.6.3)."""

from dataclasses import dataclass, replace

from isocenter.errors import InvalidInstance, LimitExceeded
from isocenter.pixels.document import Document, integer, text

MAX_SIDE = 65_535
MAX_FRAMES = 2**31 - 1
BITS_ALLOCATED = (1, 8, 16, 32, 64)
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
FLOAT_PIXEL_DATA = "7FE00008"
DOUBLE_FLOAT_PIXEL_DATA = "7FE00009"


@dataclass(frozen=True, slots=True)
class Image:
    """Geometry and sample format of one image; all frames share it. `is_float`: samples are IEEE numbers.

    `swapped_words`: 8-bit samples in big endian 16-bit words (VR OW), so that neighbours have changed places.
    """

    transfer_syntax_uid: str
    rows: int
    columns: int
    samples_per_pixel: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    pixel_representation: int = 0
    photometric_interpretation: str = "MONOCHROME2"
    planar_configuration: int = 0
    number_of_frames: int = 1
    is_float: bool = False
    little_endian: bool = True
    swapped_words: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.rows <= MAX_SIDE and 0 < self.columns <= MAX_SIDE):
            raise InvalidInstance("Rows and Columns are not those of an image")
        if self.bits_allocated not in BITS_ALLOCATED or self.samples_per_pixel not in (1, 3, 4):
            raise InvalidInstance("Bits Allocated or Samples per Pixel are not usable")
        if not 0 < self.bits_stored <= self.bits_allocated:
            raise InvalidInstance("Bits Stored is not usable")
        if not 0 < self.number_of_frames <= MAX_FRAMES:
            raise InvalidInstance("Number of Frames is not usable")

    @property
    def signed(self) -> bool:
        """Samples are two's complement (PS3.3 C.7.6.3.1.1)."""
        return self.pixel_representation == 1

    @property
    def samples(self) -> int:
        """Samples of one decoded frame."""
        return self.rows * self.columns * self.samples_per_pixel

    @property
    def decoded_bytes(self) -> int:
        """Size of one decoded frame; one-bit samples become bytes."""
        return self.samples * max(1, self.bits_allocated // 8)

    @property
    def native_frame_bits(self) -> int:
        """Size of one uncompressed frame in its own packing, in bits; 4:2:2 shares chroma between two pixels."""
        bits = self.samples * self.bits_allocated
        return bits * 2 // 3 if self.photometric_interpretation == "YBR_FULL_422" else bits

    def within(self, max_bytes: int, frames: int = 1) -> "Image":
        """Return self, or raise LimitExceeded when decoding so many frames needs more memory than `max_bytes`."""
        if self.decoded_bytes * frames > max_bytes:
            raise LimitExceeded("the image is too large to be decoded here", max_bytes=max_bytes)
        return self

    def written_as(self, vr: bytes) -> "Image":
        """The image once the VR of its Pixel Data is known: big endian bytes (OB) have no word order (PS3.5 8.1.1)."""
        return replace(self, swapped_words=False) if vr == b"OB" else self


def image_of(
    document: Document,
    transfer_syntax_uid: str,
    pixel_tag: str = "7FE00010",
) -> Image:
    """Describe the image of an instance from its DICOM JSON; raises InvalidInstance when it is none.

    The VR of Pixel Data is taken for OW; see `written_as`.
    """
    big_endian = transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
    is_float = pixel_tag in (FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA)
    bits = {FLOAT_PIXEL_DATA: 32, DOUBLE_FLOAT_PIXEL_DATA: 64}.get(pixel_tag, 0)
    allocated = bits or integer(document, "00280100", 0)
    return Image(
        transfer_syntax_uid=transfer_syntax_uid,
        rows=integer(document, "00280010", 0),
        columns=integer(document, "00280011", 0),
        samples_per_pixel=integer(document, "00280002", 1),
        bits_allocated=allocated,
        bits_stored=bits or min(integer(document, "00280101", allocated), allocated),
        pixel_representation=integer(document, "00280103", 0),
        photometric_interpretation=text(document, "00280004") or "MONOCHROME2",
        planar_configuration=integer(document, "00280006", 0),
        number_of_frames=max(1, integer(document, "00280008", 1)),
        is_float=is_float,
        little_endian=not big_endian,
        swapped_words=big_endian and allocated == 8,
    )

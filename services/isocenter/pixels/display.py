"""From stored samples to what is meant to be seen: which tables and windows an instance carries for a frame."""

from dataclasses import dataclass

from isocenter.pixels.document import Document, ReadBulk, item, numbers, text
from isocenter.pixels.lut import Lut, lut_in_sequence, palette_of
from isocenter.pixels.rendering import VoiFunction, Window

SHARED_GROUPS = "52009229"
PER_FRAME_GROUPS = "52009230"
PIXEL_VALUE_TRANSFORMATION = "00289145"
FRAME_VOI_LUT = "00289132"


@dataclass(frozen=True, slots=True)
class Display:
    """The transformations of PS3.3 C.11 for one frame, in the order they are applied."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    window: Window | None = None
    voi_lut: Lut | None = None
    inverse: bool = False
    padding: float | None = None
    palette: tuple[Lut, Lut, Lut] | None = None


def display_of(document: Document, frame_number: int, read_bulk: ReadBulk) -> Display:
    """Read the transformations of a frame (from 1) out of the instance's DICOM JSON.

    Functional groups of the frame come before shared ones, and those before the top level. The first of several
    windows is used, and a window before a VOI LUT, as viewers do.
    """
    signed = text(document, "00280103") == "1"
    modality = _group(document, PIXEL_VALUE_TRANSFORMATION, frame_number)
    voi = _group(document, FRAME_VOI_LUT, frame_number)
    photometric = text(document, "00280004")
    padding = numbers(document, "00280120")
    return Display(
        slope=(numbers(modality, "00281053") or [1.0])[0],
        intercept=(numbers(modality, "00281052") or [0.0])[0],
        modality_lut=lut_in_sequence(document, "00283000", read_bulk, signed=signed),
        window=_window(voi),
        voi_lut=lut_in_sequence(document, "00283010", read_bulk, signed=signed),
        inverse=photometric == "MONOCHROME1" or text(document, "20500020") == "INVERSE",
        padding=padding[0] if padding else None,
        palette=palette_of(document, read_bulk) if photometric == "PALETTE COLOR" else None,
    )


def _group(document: Document, tag: str, frame_number: int) -> Document:
    own = item(item(document, PER_FRAME_GROUPS, frame_number - 1), tag)
    return own or item(item(document, SHARED_GROUPS), tag) or document


def _window(document: Document) -> Window | None:
    centers, widths = numbers(document, "00281050"), numbers(document, "00281051")
    if not centers or not widths or widths[0] <= 0:
        return None
    named = text(document, "00281056")
    function: VoiFunction = "LINEAR"
    if named == "SIGMOID":
        function = "SIGMOID"
    elif named == "LINEAR_EXACT":
        function = "LINEAR_EXACT"
    return Window(centers[0], widths[0], function)

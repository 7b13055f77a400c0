"""What a picture is asked to be, as plain values: known to services, which load no codec."""

from dataclasses import dataclass
from typing import Literal

THUMBNAIL_SIDE = 200  # pixels
VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in output units of the modality transformation (for CT: Hounsfield units)."""

    center: float
    width: float
    function: VoiFunction = "LINEAR"


@dataclass(frozen=True, slots=True)
class Viewport:
    """Size to fit into, pixels; then the source region. None for a side is all of it, a negative one flips."""

    width: int
    height: int
    left: float = 0.0
    top: float = 0.0
    region_width: float | None = None
    region_height: float | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a picture is asked to be. `quality` is 1 to 100, for JPEG."""

    media_type: str = "image/jpeg"
    quality: int = 90
    window: Window | None = None
    viewport: Viewport | None = None

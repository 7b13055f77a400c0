"""What a walk over a data set found: shared by the quick walk and the careful one."""

from dataclasses import dataclass, field

from isocenter.dicom.encoding import Buffer
from isocenter.dicom.fragments import Fragments
from isocenter.dicom.limits import Finding

SPECIFIC_CHARACTER_SET = 0x00080005
SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
NUMBER_OF_FRAMES = 0x00280008
EXTENDED_OFFSET_TABLE = 0x7FE00001
WANTED = frozenset(
    {
        SPECIFIC_CHARACTER_SET,
        SOP_CLASS_UID,
        SOP_INSTANCE_UID,
        STUDY_INSTANCE_UID,
        SERIES_INSTANCE_UID,
        NUMBER_OF_FRAMES,
    }
)


@dataclass(slots=True)
class PixelSpan:
    """Pixel Data as walked over: its value from `start` to `end`, in items when there are `fragments`."""

    tag: int
    start: int
    end: int
    fragments: Fragments | None = None


@dataclass(slots=True)
class Walk:
    """Offsets count bytes of the object. `values` are raw, `holes` the half-open ranges that are not header."""

    values: dict[int, bytes] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    pixels: PixelSpan | None = None
    extended_table: bytes = b""
    findings: list[Finding] = field(default_factory=list)
    end: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of the data set in memory: `data[start:end]`, whose byte i is the object's byte i + `shift`."""

    data: Buffer
    start: int
    end: int
    shift: int = 0

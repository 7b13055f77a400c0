"""What labels are made of, of one instance: values that matter, brought into one form."""

import re
from dataclasses import dataclass
from typing import Any

from isocenter.arrangement.geometry import number
from isocenter.arrangement.paths import Path, found_in, paths
from isocenter.arrangement.reading import FRAME_GROUPS, SHARED_GROUPS
from isocenter.arrangement.words import plain
from isocenter.dicom import temporal
from isocenter.dicom.json_attributes import first, text_of, values

_FRAME_TYPES = "MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence"
_IMAGE_TYPE = paths(("ImageType", *(f"{one}/FrameType" for one in _FRAME_TYPES)))
_CONTRAST_KIND = paths(("AcquisitionContrast", "MRImageFrameTypeSequence/AcquisitionContrast"))
_ECHO_TIME = paths(("EchoTime", "MREchoSequence/EffectiveEchoTime"))
_REPETITION_TIME = paths(("RepetitionTime", "MRTimingAndRelatedParametersSequence/RepetitionTime"))
_INVERSION_TIME = paths(("InversionTime", "MRModifierSequence/InversionTimes"))
_KERNEL = paths(("ConvolutionKernel", "CTReconstructionSequence/ConvolutionKernel"))
_WINDOW_CENTER = paths(("WindowCenter", "FrameVOILUTSequence/WindowCenter"))
_WINDOW_WIDTH = paths(("WindowWidth", "FrameVOILUTSequence/WindowWidth"))
_LATERALITY = paths(
    ("ImageLaterality", "Laterality", "FrameAnatomySequence/FrameLaterality", "FrameLaterality")
)
_VIEW_CODE = paths(("ViewCodeSequence/CodeValue",))
_AGENT = paths(("ContrastBolusAgent", "ContrastBolusAgentSequence/CodeMeaning"))
_SEQUENCE_VALUES = {  # of enhanced MR, in the words of Scanning Sequence
    paths(("EchoPulseSequence",)): {"SPIN": "SE", "GRADIENT": "GR", "BOTH": "SE GR"},
    paths(("InversionRecovery", "MRModifierSequence/InversionRecovery")): {"YES": "IR"},
    paths(("EchoPlanarPulseSequence",)): {"YES": "EP"},
}
_SCANNING, _VARIANT, _ANGIO = "00180020", "00180021", "00180025"
MODALITY, _SOP_CLASS, _MANUFACTURER = "00080060", "00080016", "00080070"
_DESCRIPTION, _PROTOCOL, _SERIES_NUMBER = "0008103E", "00181030", "00200011"
_VIEW, _AGENT_TAG, _AGENT_CODES = "00185101", "00180010", "00180012"
_BOLUS_START, _ACQUISITION_TIME = "00181042", "00080032"
_DAY_S = 86_400
_WORDS = re.compile(r"[\\\s]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the instance that stands for its series. Times are in ms, the delay since an injection in s."""

    modality: str
    sop_class: str
    series_number: float | None
    image_type: frozenset[str]
    contrast_kind: str
    scanning: frozenset[str]
    variant: frozenset[str]
    angio: bool
    te: float | None
    tr: float | None
    ti: float | None
    delay: float | None
    agent: str | None  # None: not said at all; empty: said to be none, or left open
    kernel: str
    manufacturer: str
    window: tuple[float, float] | None
    description: str
    laterality: str
    view: str
    view_code: str


def facts_of(document: Any) -> Facts:
    """Read them out of a document; never fails, whatever it is."""
    frame = next(iter(values(document, FRAME_GROUPS)), None)
    levels = (document, next(iter(values(document, SHARED_GROUPS)), None), frame)
    return Facts(
        modality=first(document, MODALITY).upper(),
        sop_class=first(document, _SOP_CLASS),
        series_number=number(first(document, _SERIES_NUMBER)),
        image_type=frozenset(text_of(one).upper() for one in found_in(levels, _IMAGE_TYPE)),
        contrast_kind=_text(levels, _CONTRAST_KIND).upper(),
        scanning=_scanning(document, levels),
        variant=_several(document, _VARIANT),
        angio=first(document, _ANGIO) == "Y",
        te=_number(levels, _ECHO_TIME),
        tr=_number(levels, _REPETITION_TIME),
        ti=_number(levels, _INVERSION_TIME),
        delay=_delay(document),
        agent=_agent(document, levels),
        kernel=_text(levels, _KERNEL),
        manufacturer=first(document, _MANUFACTURER).casefold(),
        window=_window(levels),
        description=plain(first(document, _DESCRIPTION) or first(document, _PROTOCOL)),
        laterality=_text(levels, _LATERALITY).upper(),
        view=first(document, _VIEW).upper(),
        view_code=_text(levels, _VIEW_CODE),
    )


def _text(levels: tuple[Any, ...], tried: tuple[Path, ...]) -> str:
    return text_of(next(iter(found_in(levels, tried)), None))


def _number(levels: tuple[Any, ...], tried: tuple[Path, ...]) -> float | None:
    return number(next(iter(found_in(levels, tried)), None))


def _several(document: Any, tag: str) -> frozenset[str]:
    return frozenset(
        word for one in values(document, tag) for word in _WORDS.split(text_of(one).upper()) if word
    )


def _scanning(document: Any, levels: tuple[Any, ...]) -> frozenset[str]:
    enhanced = (
        table.get(_text(levels, tried).upper(), "") for tried, table in _SEQUENCE_VALUES.items()
    )
    return _several(document, _SCANNING).union(*(words.split() for words in enhanced))


def _agent(document: Any, levels: tuple[Any, ...]) -> str | None:
    if not isinstance(document, dict) or not {_AGENT_TAG, _AGENT_CODES} & document.keys():
        return None
    return plain(_text(levels, _AGENT))


def _window(levels: tuple[Any, ...]) -> tuple[float, float] | None:
    center, width = _number(levels, _WINDOW_CENTER), _number(levels, _WINDOW_WIDTH)
    return None if center is None or width is None else (center, width)


def _delay(document: Any) -> float | None:
    """Seconds from the injection's begin to the acquisition; over midnight too."""
    began = _seconds(first(document, _BOLUS_START))
    acquired = _seconds(first(document, _ACQUISITION_TIME))
    return None if began is None or acquired is None else (acquired - began) % _DAY_S


def _seconds(text: str) -> float | None:
    ends = temporal.time(text)
    if ends is None:
        return None
    moment = ends[0]
    return int(moment[:2]) * 3600 + int(moment[2:4]) * 60 + float(moment[4:])

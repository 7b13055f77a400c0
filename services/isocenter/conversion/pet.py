"""What a classic PET image says of its series (PS3.3 C.8.9.1), found out from all frames of an enhanced one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom import Dataset

from isocenter.conversion.functional_groups import flattened, groups_of
from isocenter.conversion.table import TABLE

_FORMAT = "%Y%m%d%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class PetSeries:
    """Facts about all frames together."""

    number_of_slices: int
    series_type: str  # STATIC, DYNAMIC, GATED
    start: str


def pet_series(enhanced: Dataset, frames: int) -> PetSeries:
    """Look through the frames."""
    places, times, gated = set(), set(), False
    for frame in range(1, frames + 1):
        flat = flattened(groups_of(enhanced, frame))
        places.add(str(flat.get("ImagePositionPatient")))
        times.add(flat.get("TemporalPositionIndex"))
        gated = gated or "NominalCardiacTriggerDelayTime" in flat
    kind = "GATED" if gated else "DYNAMIC" if len(times) > 1 else "STATIC"
    start = f"{enhanced.get('SeriesDate') or ''}{enhanced.get('SeriesTime') or ''}"
    return PetSeries(len(places), kind, start)


def describe(classic: Dataset, series: PetSeries, frame: int) -> None:
    """Add what the modules PET Series and PET Image ask for, as far as it is known; before anything is renamed."""
    known: dict[str, Any] = {
        "NumberOfSlices": series.number_of_slices,
        "SeriesType": [series.series_type, "IMAGE"],
        "ImageIndex": frame,
        "Units": _units(classic),
        "DecayCorrection": _decay_correction(classic),
        "FrameReferenceTime": _ms_between(series.start, str(classic.get("FrameReferenceDateTime"))),
    }
    for keyword, value in known.items():
        if value is not None and keyword not in classic:
            setattr(classic, keyword, value)


def _units(classic: Dataset) -> str | None:
    for mapping in classic.get("RealWorldValueMappingSequence") or ():
        for code in mapping.get("MeasurementUnitsCodeSequence") or ():
            found: str | None = TABLE["units"].get(code.get("CodeValue"))
            if found is not None:
                return found
    return None


def _decay_correction(classic: Dataset) -> str | None:
    corrected = classic.get("DecayCorrected")
    if corrected != "YES":
        return None if corrected is None else "NONE"
    agents = classic.get("RadiopharmaceuticalInformationSequence") or ()
    given = {str(agent.get("RadiopharmaceuticalStartDateTime")) for agent in agents}
    return "ADMIN" if str(classic.get("DecayCorrectionDateTime")) in given else "START"


def _ms_between(start: str, end: str) -> int | None:
    moments = [_moment(text) for text in (start, end)]
    if moments[0] is None or moments[1] is None:
        return None
    return round((moments[1] - moments[0]).total_seconds() * 1000)


def _moment(text: str) -> datetime | None:
    """A date and time without its offset: both of one object were written by one clock."""
    local = text.partition("+")[0].partition("-")[0]
    whole, _, fraction = local.partition(".")
    try:
        return datetime.strptime(f"{whole}.{fraction or '0'}", _FORMAT)
    except ValueError:
        return None

"""Search keys, also those inside sequences (PS3.4 C.2.2.2.6), read into conditions: keys of an item mean one item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from isocenter.dicom.attributes import vm_of, vr_of
from isocenter.dicom.fuzzy_names import fuzzy_name
from isocenter.dicom.matching import InSequence, Match, combine, parse
from isocenter.errors import InvalidRequest, LimitExceeded

MAX_DEPTH = 8  # sequences in sequences
_SEVERAL = frozenset({"AE", "AS", "AT", "CS", "LO", "PN", "SH", "UC"})  # C.2.2.2.8
MAX_INSIDE = 64  # keys inside sequences, at any depth
# Values of an attribute, or the keys of a sequence's item, by tag.
Keys: TypeAlias = "Mapping[str, Sequence[str] | Keys]"


@dataclass(frozen=True, slots=True)
class Reading:
    """How keys are meant: names as they are remembered; all values of a key rather than any (C.2.2.2.8)."""

    is_fuzzy: bool = False
    is_multiple: bool = False


LITERALLY = Reading()


def conditions_of(keys: Keys, reading: Reading = LITERALLY) -> tuple[Match, ...]:
    """Read all keys, date and time of one event joined at each depth; a sequence nothing is asked of is left out.

    A key given several times has to match each time, UIDs are one list. Raises InvalidRequest, LimitExceeded.
    """
    found = _conditions(keys, reading, depth=0)
    if sum(_count(one) for one in found if isinstance(one, InSequence)) > MAX_INSIDE:
        raise LimitExceeded(f"more than {MAX_INSIDE} keys inside sequences")
    return found


def _conditions(keys: Keys, reading: Reading, depth: int) -> tuple[Match, ...]:
    found: list[Match] = []
    for tag, asked in keys.items():
        vr = dictionary_vr(tag)
        if not isinstance(asked, Mapping):
            found += _read(tag, vr, asked, reading)
            continue
        inside = _inside(tag, vr, asked, reading, depth + 1)
        if inside:
            found.append(InSequence(tag, inside))
    return combine(found)


def _read(tag: str, vr: str, values: Sequence[str], reading: Reading) -> list[Match]:
    if reading.is_multiple and vr in _SEVERAL and vm_of(int(tag, 16)) != "1":
        values = [one for value in values for one in _each(tag, value)]
    if vr == "PN" and reading.is_fuzzy:
        return [match for value in values for match in fuzzy_name(tag, value)]
    joined = ["\\".join(values)] if vr == "UI" else values
    return [match for value in joined if (match := parse(tag, vr, value)) is not None]


def _each(tag: str, value: str) -> list[str]:
    """Values that all have to be there."""
    several = value.split("\\")
    if len(several) > 1 and ("*" in value or "?" in value):
        raise InvalidRequest(f"{tag}: several values that all have to match hold no wild cards")
    return several


def _inside(tag: str, vr: str, asked: Keys, reading: Reading, depth: int) -> tuple[Match, ...]:
    if vr != "SQ":
        raise InvalidRequest(f"{tag} is not a sequence, so nothing is inside it")
    if depth > MAX_DEPTH:
        raise LimitExceeded(f"{tag}: keys lie more than {MAX_DEPTH} sequences deep")
    return _conditions(asked, reading, depth)


def _count(condition: Match) -> int:
    return sum(map(_count, condition.conditions)) if isinstance(condition, InSequence) else 1


def dictionary_vr(tag: str) -> str:
    """VR of eight hexadecimal digits, the first where PS3.6 has several; raises InvalidRequest for an unknown one."""
    vr = vr_of(int(tag, 16)).partition(" ")[0]
    if not vr:
        raise InvalidRequest(f"{tag} is not in the dictionary, so it cannot be searched")
    return vr

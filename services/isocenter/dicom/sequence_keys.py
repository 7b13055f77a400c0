"""Search keys, also those inside sequences (PS3.4 C.2.2.2.6), read into conditions: keys of an item mean one item."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from isocenter.dicom.attributes import vr_of
from isocenter.dicom.fuzzy_names import fuzzy_name
from isocenter.dicom.matching import InSequence, Match, combine, parse
from isocenter.errors import InvalidRequest, LimitExceeded

MAX_DEPTH = 8  # sequences in sequences
MAX_INSIDE = 64  # keys inside one sequence, at any depth
# Values of an attribute, or the keys of a sequence's item, by tag.
Keys: TypeAlias = "Mapping[str, Sequence[str] | Keys]"


def conditions_of(keys: Keys, *, is_fuzzy: bool = False) -> tuple[Match, ...]:
    """Read all keys, date and time of one event joined at each depth; a sequence nothing is asked of is left out.

    Several values of one key have to match all, UIDs are one list. Raises InvalidRequest, LimitExceeded.
    """
    return _conditions(keys, is_fuzzy, depth=0)


def _conditions(keys: Keys, is_fuzzy: bool, depth: int) -> tuple[Match, ...]:
    found: list[Match] = []
    for tag, asked in keys.items():
        vr = dictionary_vr(tag)
        if not isinstance(asked, Mapping):
            found += _read(tag, vr, asked, is_fuzzy)
            continue
        inside = _inside(tag, vr, asked, is_fuzzy, depth + 1)
        if inside:
            found.append(InSequence(tag, inside))
    return combine(found)


def _read(tag: str, vr: str, values: Sequence[str], is_fuzzy: bool) -> list[Match]:
    if vr == "PN" and is_fuzzy:
        return [match for value in values for match in fuzzy_name(tag, value)]
    joined = ["\\".join(values)] if vr == "UI" else values
    return [match for value in joined if (match := parse(tag, vr, value)) is not None]


def _inside(tag: str, vr: str, asked: Keys, is_fuzzy: bool, depth: int) -> tuple[Match, ...]:
    if vr != "SQ":
        raise InvalidRequest(f"{tag} is not a sequence, so nothing is inside it")
    if depth > MAX_DEPTH or len(asked) > MAX_INSIDE:
        raise LimitExceeded(
            f"{tag}: keys lie more than {MAX_DEPTH} sequences deep, or are more than {MAX_INSIDE}"
        )
    found = _conditions(asked, is_fuzzy, depth)
    if sum(map(_count, found)) > MAX_INSIDE:
        raise LimitExceeded(f"{tag}: more than {MAX_INSIDE} keys inside")
    return found


def _count(condition: Match) -> int:
    return sum(map(_count, condition.conditions)) if isinstance(condition, InSequence) else 1


def dictionary_vr(tag: str) -> str:
    """VR of eight hexadecimal digits, the first where PS3.6 has several; raises InvalidRequest for an unknown one."""
    vr = vr_of(int(tag, 16)).partition(" ")[0]
    if not vr:
        raise InvalidRequest(f"{tag} is not in the dictionary, so it cannot be searched")
    return vr

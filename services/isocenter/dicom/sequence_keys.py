"""Search keys, also those inside sequences (PS3.4 C.2.2.2.6), read into conditions: keys of an item mean one item."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from isocenter.dicom.attributes import vr_of
from isocenter.dicom.matching import InSequence, Match, combine
from isocenter.errors import InvalidRequest, LimitExceeded

MAX_DEPTH = 8  # sequences in sequences
MAX_INSIDE = 64  # keys inside one sequence, at any depth
# Values of an attribute, or the keys of a sequence's item, by tag.
Keys: TypeAlias = "Mapping[str, Sequence[str] | Keys]"
Reading: TypeAlias = Callable[[str, str, Sequence[str]], list[Match]]  # of tag, VR and values


def conditions_of(keys: Keys, read: Reading) -> tuple[Match, ...]:
    """Read all keys, date and time of one event joined at each depth; a sequence nothing is asked of is left out.

    Raises InvalidRequest, LimitExceeded, and what `read` raises.
    """
    return _conditions(keys, read, depth=0)


def _conditions(keys: Keys, read: Reading, depth: int) -> tuple[Match, ...]:
    found: list[Match] = []
    for tag, asked in keys.items():
        vr = dictionary_vr(tag)
        if not isinstance(asked, Mapping):
            found += read(tag, vr, asked)
            continue
        inside = _inside(tag, vr, asked, read, depth + 1)
        if inside:
            found.append(InSequence(tag, inside))
    return combine(found)


def _inside(tag: str, vr: str, asked: Keys, read: Reading, depth: int) -> tuple[Match, ...]:
    if vr != "SQ":
        raise InvalidRequest(f"{tag} is not a sequence, so nothing is inside it")
    if depth > MAX_DEPTH or len(asked) > MAX_INSIDE:
        raise LimitExceeded(
            f"{tag}: keys lie more than {MAX_DEPTH} sequences deep, or are more than {MAX_INSIDE}"
        )
    found = _conditions(asked, read, depth)
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

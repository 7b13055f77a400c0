"""A name as a person remembers it: its words in any order, as they begin or as they sound (fuzzymatching of PS3.18).

What "fuzzy" means the standard leaves open (PS3.4 C.2.2.2). Here each word of the key has to begin a word of the name,
in whichever of its groups and wherever it stands; case, accents, width and kind of kana never count. Or, in Latin
letters, it sounds like a whole word of the name. A word with a wild card of its own is matched as it is written.
"""

import re
from dataclasses import replace

from isocenter.dicom.matching import EMPTY, Match, PersonName, parse
from isocenter.dicom.person_name import fold
from isocenter.dicom.sounds import sound_of
from isocenter.errors import LimitExceeded

MAX_WORDS = 12
_BETWEEN = re.compile(r"[\s^=,]+")


def fuzzy_name(tag: str, value: str) -> list[Match]:
    """Conditions that all have to hold; none for a key that matches everything. Raises what `parse` raises."""
    key = value.strip(" \0")
    words = [key] if key == EMPTY else list(dict.fromkeys(filter(None, _BETWEEN.split(key))))
    if len(words) > MAX_WORDS:
        raise LimitExceeded(f"{tag}: more than {MAX_WORDS} words of a name")
    return [match for match in (_word(tag, word) for word in words) if match is not None]


def _word(tag: str, word: str) -> Match | None:
    if word == EMPTY or "*" in word or "?" in word:
        return parse(tag, "PN", word)
    begun = parse(tag, "PN", f"{word}*")
    return replace(begun, sound=sound_of(fold(word))) if isinstance(begun, PersonName) else begun

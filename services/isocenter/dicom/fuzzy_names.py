"""A name as a person remembers it: some of its words, or how they begin, in any order (fuzzymatching of PS3.18).

What "fuzzy" means the standard leaves open (PS3.4 C.2.2.2). Here each word of the key has to begin a word of the name,
in whichever of its groups and wherever it stands; case, accents, width and kind of kana never count. A word with a wild
card of its own is matched as it is written. That words sound alike is not looked at.
"""

import re

from isocenter.dicom.matching import EMPTY, Match, parse
from isocenter.errors import LimitExceeded

MAX_WORDS = 12
_BETWEEN = re.compile(r"[\s^=,]+")


def fuzzy_name(tag: str, value: str) -> list[Match]:
    """Conditions that all have to hold; none for a key that matches everything. Raises what `parse` raises."""
    key = value.strip(" \0")
    words = [key] if key == EMPTY else list(dict.fromkeys(filter(None, _BETWEEN.split(key))))
    if len(words) > MAX_WORDS:
        raise LimitExceeded(f"{tag}: more than {MAX_WORDS} words of a name")
    found = (parse(tag, "PN", _begun(word)) for word in words)
    return [match for match in found if match is not None]


def _begun(word: str) -> str:
    return word if word == EMPTY or "*" in word or "?" in word else f"{word}*"

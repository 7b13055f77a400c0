"""How a name's word sounds, as a short code: what is spelt differently and said alike has the same one.

A phonetic key of the kind the field uses (Soundex and its descendants), made for names of many languages in Latin
letters: consonants that one language writes for another become one letter, vowels go but for one at the start.
Müller, Mueller and Miller are `mlr`; Schmidt and Smith `smt`; Catherine and Katrin `ktrn`; Yusuf and Joseph `jsf`.
"""

import re
from functools import lru_cache

MIN_LETTERS = 3  # of a word: shorter ones sound like half the world
MIN_SOUNDS = 2
_OTHER = re.compile(r"[^a-z]+")
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = "aeiouy"
_SPELLINGS = tuple(  # in this order; what is written so, is said so
    (re.compile(written), said)
    for written, said in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"^mc", "mak"),
        (r"ght", "t"),
        (r"tsch|sch|sh|zh|sz|tz", "s"),
        (r"sc(?=[eiy])|c(?=[eiy])", "s"),
        (r"ch|ck|kh", "k"),
        (r"ph", "f"),
        (r"dt|th|dh", "t"),
        (r"qu", "kv"),
        (r"x", "ks"),
        (r"^y", "j"),
        (rf"^w|(?<=[{_VOWELS}])w(?=[{_VOWELS}])|w(?=sk)", "v"),
    )
)
_ALIKE = str.maketrans("pvcqgzd", "bfkkjst")
_SILENT = re.compile("[hw]")


@lru_cache(maxsize=8192)
def sound_of(word: str) -> str:
    """Code of a folded word, whatever stands between its letters; empty where nothing can be said.

    Nothing is said of other scripts, and of words too short to tell anything.
    """
    if not word.isascii():
        return ""
    letters = _OTHER.sub("", word)
    if len(letters) < MIN_LETTERS:
        return ""
    for written, said in _SPELLINGS:
        letters = written.sub(said, letters)
    letters = _SILENT.sub("", letters).translate(_ALIKE)
    plain = _DOUBLED.sub(r"\1", letters)
    start = "a" if plain[:1] in _VOWELS else plain[:1]
    code = start + "".join(letter for letter in plain[1:] if letter not in _VOWELS)
    return code if len(code) >= MIN_SOUNDS else ""


def sounds_of(part: str) -> list[str]:
    """Codes of a word as a whole, and of the words that hyphens and the like join in it."""
    pieces = [part, *_OTHER.split(part)] if part.isascii() else []
    return [code for code in map(sound_of, pieces) if code]

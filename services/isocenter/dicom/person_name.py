"""Person names (PS3.5 6.2, VR PN) made comparable: without case, accents, width or kind of kana."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from isocenter.dicom.sounds import sounds_of

GROUPS = ("Alphabetic", "Ideographic", "Phonetic")  # PS3.18 F.2.2, in the order of PS3.5 6.2

# Letters that no decomposition takes apart, written as people type them.
_LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ħ": "h",
}
_TATWEEL = {"ـ": ""}
_HIRAGANA = {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
# What only looked like a delimiter or wild card before folding (full width) must not become one after it.
_DELIMITERS = {"^": " ", "=": " ", "\\": " "}
_TRANSLATION = str.maketrans(_LETTERS | _TATWEEL | _HIRAGANA | _DELIMITERS)


class FoldedName(NamedTuple):
    """What a stored name is compared by; nothing is in it twice.

    `groups` are whole component groups without trailing `^`; `parts` are components, the words of components, and
    whole groups with blanks for `^`; `sounds` are codes of how the words sound.
    """

    groups: tuple[str, ...]
    parts: tuple[str, ...]
    sounds: tuple[str, ...] = ()


def _is_accent(char: str) -> bool:
    """Tell marks that may go from those that make another letter (Indic vowel signs, Japanese voicing)."""
    mark_class = unicodedata.combining(char)
    return 10 <= mark_class <= 36 or mark_class >= 200


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Give the comparable form of one component, with blanks trimmed and runs of them made one.

    Case, accents (Latin, Greek, Arabic, Hebrew), half and full width, and katakana against hiragana make no
    difference; voicing marks of kana, Hangul and Indic vowels do.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_TRANSLATION).split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = unicodedata.normalize("NFC", "".join(c for c in decomposed if not _is_accent(c)))
    return " ".join(plain.translate(_TRANSLATION).split())


def fold_group(group: str) -> str:
    """Fold one component group, its `^` kept but for trailing ones."""
    return "^".join(fold(component) for component in group.split("^")).rstrip("^")


def split_groups(name: str) -> list[str]:
    """Split `alphabetic=ideographic=phonetic`; missing groups are left out at the end only."""
    return name.split("=")[: len(GROUPS)]


def fold_name(groups: list[str]) -> FoldedName:
    """Give everything a stored name may be found by; `groups` are component groups as stored."""
    folded = [text for text in map(fold_group, groups) if text]
    parts: dict[str, None] = {}
    for group in folded:
        components = [component for component in group.split("^") if component]
        parts.update(dict.fromkeys(components))
        parts.update(dict.fromkeys(word for component in components for word in component.split()))
        parts[" ".join(components)] = None
    sounds = dict.fromkeys(code for part in parts if " " not in part for code in sounds_of(part))
    return FoldedName(tuple(dict.fromkeys(folded)), tuple(parts), tuple(sounds))


def fold_pattern(pattern: str) -> str:
    """Fold a search key; `*` and `?` stay wild cards, `^` and `=` stay delimiters.

    A key with an empty end component keeps one `^`, which says that the whole group is meant. Parts of the key split
    by `=` have to match all, each in any group of the name.
    """
    groups = []
    for group in split_groups(pattern):
        folded = fold_group(group)
        if folded and "^" in group and "^" not in folded:
            folded += "^"
        if folded:
            groups.append(folded)
    return "=".join(dict.fromkeys(groups))

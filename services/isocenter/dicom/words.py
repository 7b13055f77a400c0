"""Words that a study is found by when somebody types without saying of what: names, ids, descriptions, any text.

A word is a run of letters and digits, folded as names are. A key's word finds every word that begins with it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from isocenter.dicom.attributes import is_private
from isocenter.dicom.json_attributes import text_of, values
from isocenter.dicom.person_name import fold

MAX_WORDS = 1_000  # of a study
MAX_LETTERS = 64  # of a word; what is longer is cut
MAX_TEXT = 1_000  # characters of a value
_TEXTS = frozenset({"PN", "LO", "SH", "LT", "ST", "UC", "UT", "AE"})
_CODES = frozenset(
    {"00080060", "00080061", "00180015"}
)  # CS that people type: modalities, body part
_BETWEEN = re.compile(r"[\W_]+")
_SHORT_SCRIPTS = "\u2e80"  # from Han on, text has no blanks between its words


def words_in(text: str) -> list[str]:
    """The words of a text, each once."""
    folded = _BETWEEN.split(fold(text[:MAX_TEXT]))
    return list(dict.fromkeys(word[:MAX_LETTERS] for word in folded if word))


def words_of(documents: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """All words of DICOM JSON objects, in order, their sequences and private attributes left aside."""
    found: set[str] = set()
    for document in documents:
        for tag, element in document.items():
            if is_private(int(tag, 16)) or not _is_text(tag, element):
                continue
            for value in values(document, tag):
                found.update(word for part in words_in(text_of(value)) for word in _ends(part))
        if len(found) > MAX_WORDS:
            break
    return tuple(sorted(found)[:MAX_WORDS])


def _is_text(tag: str, element: Any) -> bool:
    vr = element.get("vr") if isinstance(element, Mapping) else None
    return vr in _TEXTS or tag in _CODES


def _ends(word: str) -> list[str]:
    """A word; of one in a script without blanks, what begins at each of its characters too."""
    if word.isascii() or all(letter < _SHORT_SCRIPTS for letter in word):
        return [word]
    return [word[start:] for start in range(len(word))]

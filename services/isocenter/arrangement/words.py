"""Words in descriptions: without case and accents, whole words only, in scripts without spaces anywhere."""

import re
import unicodedata
from collections.abc import Iterable

_GAPS = re.compile(r"[^\w+]+|_+")
_UNSPACED_FROM = "\u2e80"  # CJK and what follows: written without spaces


def plain(text: str) -> str:
    """The text as words are looked for in it."""
    spread = unicodedata.normalize("NFKD", text[:1000])
    bare = "".join(char for char in spread if not unicodedata.combining(char))
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", bare).casefold()).strip()


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """What finds any of the words in plain text."""
    return re.compile("|".join(map(_one, words)))


def _one(word: str) -> str:
    stem = word.removesuffix("*")
    looked_for = re.escape(plain(stem))
    if any(char >= _UNSPACED_FROM for char in stem):
        return looked_for
    # `t1*` is in "t1w" and "t1tse2", and not in "t12": that is a vertebra
    rest = r"(?:[^\W\d]\w*)?" if word.endswith("*") else ""
    return rf"(?<![\w+]){looked_for}{rest}(?![\w+])"

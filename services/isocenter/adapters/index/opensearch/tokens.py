"""What a document is found by: its attributes' values as terms of one field, made by the rules of the matching.

A term is a tag, a mark that says what is compared, and the value: `00081030=Chest`. So one field answers for any
attribute, with the same folding and the same normal forms that every other index has, and a wild card looks only at
the terms of its own attribute. Private attributes are not found: without a VR in the dictionary nobody can ask.

Of attributes inside sequences the tag is the way to it, `00400275>00400009=S1`. Such terms do not say which of them are
of one item, so they only find candidates. A sequence with too many has one term instead, `00400275>`: look inside.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from isocenter.dicom import elements
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.matching import NUMBERS, PAIRS
from isocenter.dicom.person_name import fold_name

FIELD = "attributes"
MAX_VALUES = 256  # of one attribute
MAX_LENGTH = 4_000  # of a value in a term: a term holds 32,766 bytes
MAX_INSIDE = 512  # terms of what is inside one sequence, repeated ones counted
INSIDE = ">"
TEXT, NUMBER, TIME, MOMENT = "=", "#", "@", "&"
PART, GROUP, SOUND = "~", "^", "%"
FILLED, EMPTY = "+", "-"
WORD = "word"  # in place of a tag
_TIME_OF = dict(PAIRS)
_TIMES = frozenset({"DA", "TM", "DT"})


def term_of(tag: str, mark: str, value: str = "") -> str:
    """One term; `FILLED` or `EMPTY` say that the attribute is there, with a value or without."""
    return f"{tag}{mark}{value[:MAX_LENGTH]}"


def word_term(word: str) -> str:
    """The term of a word that a study is found by, or of how it begins."""
    return term_of(WORD, TEXT, word)


def tokens_of(document: JsonObject) -> list[str]:
    """All terms of a document."""
    terms = _own_terms(document)
    for tag in document:
        if not _is_private(tag) and (items := elements.items_of(document, tag)):
            inside = list(islice(_inside(f"{tag}{INSIDE}", items), MAX_INSIDE + 1))
            terms += dict.fromkeys(inside) if len(inside) <= MAX_INSIDE else [f"{tag}{INSIDE}"]
    return terms


def _inside(way: str, items: Sequence[JsonObject]) -> Iterator[str]:
    """Terms of what items hold, and the items of their sequences; a term comes as often as it is met."""
    for item in items:
        yield from (way + term for term in _own_terms(item))
        for tag in item:
            if not _is_private(tag):
                yield from _inside(f"{way}{tag}{INSIDE}", elements.items_of(item, tag))


def _own_terms(document: JsonObject) -> list[str]:
    terms: dict[str, None] = {}
    for tag, element in document.items():
        if _is_private(tag):
            continue
        if isinstance(element, dict) and elements.values_of(document, tag):
            terms[term_of(tag, FILLED)] = None
            terms.update(dict.fromkeys(_values(document, tag, element.get("vr"))))
        else:
            terms[term_of(tag, EMPTY)] = None
    return list(terms)


def _is_private(tag: str) -> bool:
    return tag[3:4] in "13579BDF"


def _values(document: JsonObject, tag: str, vr: Any) -> Sequence[str]:
    if vr == "SQ":
        return ()
    if vr == "PN":
        name = fold_name(elements.name_groups(document, tag))
        compared = ((PART, name.parts), (GROUP, name.groups), (SOUND, name.sounds))
        return [term_of(tag, mark, text) for mark, texts in compared for text in texts]
    texts = tuple(elements.texts_of(document, tag)[:MAX_VALUES])
    terms = _plain_terms(tag, vr if isinstance(vr, str) else "", texts)
    return (*terms, *_moment(document, tag)) if tag in _TIME_OF else terms


@lru_cache(maxsize=4096)  # most attributes of an instance are those of the one before
def _plain_terms(tag: str, vr: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    if vr in _TIMES:
        return tuple(term_of(tag, TIME, elements.normal_time(vr, text)) for text in texts)
    if vr in NUMBERS:
        numbers = map(number_of, texts)
        return tuple(term_of(tag, NUMBER, number) for number in numbers if number)
    return tuple(term_of(tag, TEXT, text) for text in texts)


def _moment(document: JsonObject, tag: str) -> list[str]:
    time_tag = _TIME_OF.get(tag)
    if time_tag is None:
        return []
    day = elements.first_time(document, tag, "DA")
    moment = elements.moment(day, elements.first_time(document, time_tag, "TM"))
    return [term_of(tag, MOMENT, moment)] if moment else []


def number_of(text: str) -> str:
    """A number as it is compared: 2, 02 and 2.0 are the same."""
    try:
        return repr(float(text))
    except ValueError:
        return ""

"""The query of a search (PS3.18 8.3.4) read into conditions, attributes to return, order and page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from isocenter.dicom.attributes import key_of, tag_of
from isocenter.dicom.matching import Match
from isocenter.dicom.sequence_keys import MAX_DEPTH, Reading, conditions_of
from isocenter.dicom.uids import is_valid_uid
from isocenter.dicom.words import words_in
from isocenter.errors import InvalidRequest, LimitExceeded

MAX_INCLUDED = 512
MAX_ORDER = 8
MAX_OFFSET = 1_000_000_000
MAX_CIRCLE = 32
MAX_WORDS = 12
SAME_PATIENT = "samepatientas"
ALL = "all"
Tree: TypeAlias = "dict[str, list[str] | Tree]"
WORDS = "q"
_BOOLEANS = {"true": True, "false": False}
_OWN = frozenset(
    {"includefield", "limit", "offset", "orderby", "fuzzymatching", "accept", "charset"}
    | {SAME_PATIENT, WORDS}
    | {"emptyvaluematching", "multiplevaluematching"}
)


@dataclass(frozen=True, slots=True)
class SearchParameters:
    """A search as asked. `include` holds tags; `limit` is None when the client set none; `order` as in a Query.

    `same_patient_as` is ours: UIDs of studies to whose patients the answer is limited, because a patient ID names
    nobody without its issuer; None when the client set no such limit.
    `words` are ours too: free text, each word begins one of the study's, whatever attribute it is of.
    """

    conditions: tuple[Match, ...] = ()
    include: frozenset[str] = frozenset()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    order: tuple[str, ...] = ()
    same_patient_as: tuple[str, ...] | None = None
    words: tuple[str, ...] = ()


NO_PARAMETERS = SearchParameters()


def search_parameters(query: Sequence[tuple[str, str]]) -> SearchParameters:
    """Read a query, names and values decoded, in order. Raises InvalidRequest or LimitExceeded with a readable text."""
    return _read(tuple(query)) if query else NO_PARAMETERS


@lru_cache(maxsize=128)  # viewers and worklists ask the same again and again
def _read(query: tuple[tuple[str, str], ...]) -> SearchParameters:
    keys = [(name, value) for name, value in query if name not in _OWN]
    own = [(name, value) for name, value in query if name in _OWN]
    include, include_all = _included(value for name, value in own if name == "includefield")
    single = dict(own)
    flags = _flags(single)
    return SearchParameters(
        conditions=_conditions(
            keys, Reading(flags["fuzzymatching"], flags["multiplevaluematching"])
        ),
        include=include,
        include_all=include_all,
        limit=_count("limit", single["limit"]) if "limit" in single else None,
        offset=_count("offset", single.get("offset", "0")),
        order=_order(value for name, value in own if name == "orderby"),
        same_patient_as=_studies([value for name, value in own if name == SAME_PATIENT]),
        words=_words(" ".join(value for name, value in own if name == WORDS)),
    )


def attribute_tag(name: str) -> str:
    """Eight upper-case digits of a keyword or tag; raises InvalidRequest for anything else."""
    tag = tag_of(name)
    if tag is None:
        raise InvalidRequest(
            f"{_shown(name)} is no attribute of DICOM: use a keyword or eight digits"
        )
    return key_of(tag)


def _conditions(keys: Iterable[tuple[str, str]], reading: Reading) -> tuple[Match, ...]:
    asked: Tree = {}
    for name, value in keys:
        _values_at(asked, [attribute_tag(one) for one in name.split(".")[: MAX_DEPTH + 2]]).append(
            value
        )
    return conditions_of(asked, reading)


def _values_at(asked: Tree, path: Sequence[str]) -> list[str]:
    """Where the values of an attribute are collected; dots lead into sequences (PS3.18 8.3.4.1)."""
    *sequences, tag = path
    inside = asked
    for sequence in sequences:
        within = inside.setdefault(sequence, {})
        if isinstance(within, list):
            raise InvalidRequest(f"{sequence} is asked for as a whole and by what is inside it")
        inside = within
    values = inside.setdefault(tag, [])
    if not isinstance(values, list):
        raise InvalidRequest(f"{tag} is asked for as a whole and by what is inside it")
    return values


def _included(values: Iterable[str]) -> tuple[frozenset[str], bool]:
    tags: set[str] = set()
    everything = False
    for value in values:
        for name in map(str.strip, value.split(",")):
            if name.lower() == ALL:
                everything = True
            elif name:
                # of an attribute inside a sequence, the whole sequence is returned
                tags.add(attribute_tag(name.partition(".")[0]))
            if len(tags) > MAX_INCLUDED:
                raise LimitExceeded(
                    "too many attributes in includefield", max_attributes=MAX_INCLUDED
                )
    return frozenset(tags), everything


def _studies(values: Sequence[str]) -> tuple[str, ...] | None:
    if not values:
        return None
    uids = tuple(dict.fromkeys(uid for value in values for uid in value.split(",")))
    if len(uids) > MAX_CIRCLE:
        raise LimitExceeded(f"too many studies in {SAME_PATIENT}", max_studies=MAX_CIRCLE)
    if not all(map(is_valid_uid, uids)):
        raise InvalidRequest(f"{SAME_PATIENT} is a Study Instance UID, or several")
    return uids


def _words(text: str) -> tuple[str, ...]:
    words = tuple(words_in(text))
    if len(words) > MAX_WORDS:
        raise LimitExceeded(f"too many words in {WORDS}", max_words=MAX_WORDS)
    if text.strip() and not words:
        raise InvalidRequest(f"{WORDS} holds no letter and no digit")
    return words


def _order(values: Iterable[str]) -> tuple[str, ...]:
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if len(names) > MAX_ORDER:
        raise LimitExceeded("too many attributes in orderby", max_attributes=MAX_ORDER)
    return tuple(("-" if n.startswith("-") else "") + attribute_tag(n.lstrip("-")) for n in names)


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MAX_OFFSET:
        raise InvalidRequest(f"{name} is a number from 0 to {MAX_OFFSET}")
    return int(text)


def _flags(single: dict[str, str]) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    for name in ("fuzzymatching", "emptyvaluematching", "multiplevaluematching"):
        text = single.get(name, "false").lower()
        if text not in _BOOLEANS:
            raise InvalidRequest(f"{name} is true or false")
        flags[name] = _BOOLEANS[text]
    return flags


def _shown(name: str) -> str:
    """A name fit for a message: short, printable."""
    return "".join(character for character in name[:64] if character.isprintable())

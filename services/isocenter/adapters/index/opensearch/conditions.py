"""Conditions in the server's query language, and in which documents each is to be looked up.

An attribute is looked up in the document of its own level; one that has no column, and is not in that document, in
the next: so a condition has a list of kinds, of which the first whose document has the attribute decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from isocenter.adapters.index.columns import (
    INSTANCE,
    MODALITIES_IN_STUDY,
    NAMES,
    SERIES,
    STUDY,
)
from isocenter.adapters.index.opensearch import tokens
from isocenter.adapters.index.opensearch.names import Kind
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.opensearch.tokens import FIELD, term_of, word_term
from isocenter.dicom.document_matching import tag_of
from isocenter.dicom.levels import level_of
from isocenter.dicom.matching import (
    NUMBERS,
    DateTimeRange,
    EmptyValue,
    InSequence,
    Match,
    PersonName,
    Range,
    SingleValue,
    WildCard,
)
from isocenter.errors import InvalidRequest, LimitExceeded
from isocenter.ports.index import Among, Level

MAX_CIRCLE = 60_000  # values of one clause; the server takes 65,536
NOTHING: Json = {"match_none": {}}
DEPTH: dict[Level, tuple[Kind, ...]] = {
    "study": ("studies",),
    "series": ("studies", "series"),
    "instance": ("studies", "series", "instances"),
}
# Fields of the rows themselves, which every kind below has too.
IDENTITY: dict[str, tuple[str, Kind]] = {
    "0020000D": ("study_instance_uid", "studies"),
    "0020000E": ("series_instance_uid", "series"),
    "00080018": ("sop_instance_uid", "instances"),
}
_OWN_LEVEL_FIRST: dict[str, tuple[Kind, ...]] = {
    "study": ("studies", "series", "instances"),
    "series": ("series", "instances", "studies"),
    "instance": ("instances", "series", "studies"),
}
_COLUMNS: dict[str, Kind] = {
    **dict.fromkeys((*STUDY, *NAMES, MODALITIES_IN_STUDY), "studies"),
    **dict.fromkeys(SERIES, "series"),
    **dict.fromkeys(INSTANCE, "instances"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: `matches` on a document that has the attribute, `present` on one that has it."""

    kinds: tuple[Kind, ...]
    matches: Json
    present: Json
    of_nothing: bool  # what it says of an attribute that is nowhere


def compiled(condition: Match, level: Level) -> Condition:
    """Compile one condition. Raises InvalidRequest for a combination that `dicom.matching.parse` never makes."""
    tag = tag_of(condition)
    return Condition(
        _kinds(condition, tag, level),
        _matches(condition),
        _present(tag),
        isinstance(condition, EmptyValue),
    )


def identity(condition: Match, level: Level) -> tuple[Kind, Json] | None:
    """A condition on the UIDs of rows: the highest kind it speaks of, and its clause."""
    field, kind = IDENTITY.get(tag_of(condition), ("", "ledger"))
    if kind not in DEPTH[level]:
        return None
    match condition:
        case SingleValue(_, _, values):
            return kind, {"terms": {field: list(values)}}
        case EmptyValue():
            return kind, NOTHING
        case _:
            raise InvalidRequest("a UID is matched by value")


def among(circle: Among) -> Json:
    """Compile a circle of studies."""
    if len(circle.patients) + len(circle.studies) > MAX_CIRCLE:
        raise LimitExceeded(f"a circle of more than {MAX_CIRCLE} patients and studies")
    wanted = {"patient": circle.patients, "study_instance_uid": circle.studies}
    return any_of(*({"terms": {field: list(values)}} for field, values in wanted.items() if values))


def begun(words: Sequence[str]) -> list[Json]:
    """Compile words that have to begin words of the study."""
    return [{"prefix": {FIELD: {"value": word_term(word)}}} for word in words]


def any_of(*clauses: Json) -> Json:
    """True when one of them is; without any, never."""
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}} if clauses else NOTHING


def _kinds(condition: Match, tag: str, level: Level) -> tuple[Kind, ...]:
    reached = DEPTH[level]
    if isinstance(condition, InSequence) and level_of(tag) == level:
        return reached[
            -1:
        ]  # documents of the levels above never have it, so this singles out studies
    column = _COLUMNS.get(tag)
    if column in reached:
        return (column,)
    return tuple(kind for kind in _OWN_LEVEL_FIRST[level_of(tag)] if kind in reached)


def _present(tag: str) -> Json:
    return {"terms": {FIELD: [term_of(tag, mark) for mark in (tokens.FILLED, tokens.EMPTY)]}}


def _matches(condition: Match, way: str = "") -> Json:
    """The clause of a condition; `way` leads to the sequence it is asked in."""
    match condition:
        case EmptyValue(tag):
            return {"bool": {"must_not": [_term(term_of(way + tag, tokens.FILLED))]}}
        case Range(tag, _, low, high):
            return _between(way + tag, tokens.TIME, low, high)
        case DateTimeRange(date_tag, _, low, high):
            return _between(way + date_tag, tokens.MOMENT, low, high)
        case WildCard(tag, _, pattern):
            return _like(way + tag, tokens.TEXT, pattern)
        case SingleValue(tag, vr, values):
            return {"terms": {FIELD: [_exact(way + tag, vr, value) for value in values]}}
        case PersonName():
            return _named(condition, way + condition.tag)
        case InSequence():
            return _candidates(condition, way)
        case _:
            assert_never(condition)


def _candidates(condition: InSequence, way: str) -> Json:
    """Documents that may have such an item: `checking` looks whether one item has it all."""
    inside = f"{way}{condition.tag}{tokens.INSIDE}"
    clauses = [
        _matches(one, inside) for one in condition.conditions if not isinstance(one, EmptyValue)
    ]
    found: Json = {"bool": {"filter": [_present(way + condition.tag), *clauses]}}
    return found if way else any_of(found, _term(inside))


def _exact(tag: str, vr: str, value: str) -> str:
    if vr == "DA":
        return term_of(tag, tokens.TIME, value)
    if vr not in NUMBERS:
        return term_of(tag, tokens.TEXT, value)
    number = tokens.number_of(value)
    if not number:
        raise InvalidRequest("a number is expected")
    return term_of(tag, tokens.NUMBER, number)


def _named(condition: PersonName, tag: str) -> Json:
    pieces = condition.pattern.split("=")
    marks = [tokens.GROUP if "^" in piece else tokens.PART for piece in pieces]
    clauses = [_like(tag, *one) for one in zip(marks, (p.rstrip("^") for p in pieces), strict=True)]
    named: Json = {"bool": {"filter": clauses}}
    if not condition.sound:
        return named
    return any_of(named, _term(term_of(tag, tokens.SOUND, condition.sound)))


def _like(tag: str, mark: str, pattern: str) -> Json:
    if "*" not in pattern and "?" not in pattern:
        return _term(term_of(tag, mark, pattern))
    return {"wildcard": {FIELD: {"value": term_of(tag, mark, _escaped(pattern))}}}


def _escaped(pattern: str) -> str:
    """Write the runs of wild cards so that the automaton stays small: all `?` before one `*`."""
    return re.sub(
        r"[*?]*\*[*?]*",
        lambda run: "?" * run[0].count("?") + "*",
        pattern.replace("\\", "\\\\"),
    )


def _term(term: str) -> Json:
    return {"term": {FIELD: term}}


def _between(tag: str, mark: str, low: str, high: str) -> Json:
    """Both ends included; what is marked invalid sorts before `0` and is in no range."""
    ends = {"gte": term_of(tag, mark, low or "0"), "lte": term_of(tag, mark, high or "~")}
    return {"range": {FIELD: ends}}

"""Conditions on attributes that have no column: looked up in the stored document. Correct, if slower."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from isocenter.adapters.index.documents import speaking
from isocenter.dicom.document_matching import Test, tag_of, test_of
from isocenter.dicom.matching import (
    DateTimeRange,
    EmptyValue,
    InSequence,
    Match,
    PersonName,
    Range,
    SingleValue,
    WildCard,
)

_KINDS: dict[str, Callable[..., Match]] = {
    kind.__name__: kind
    for kind in (SingleValue, WildCard, Range, DateTimeRange, PersonName, EmptyValue)
}


def encoded(condition: Match) -> str:
    """Write a condition so that it can be a parameter of SQL."""
    return json.dumps(_spelled(condition))


def _spelled(condition: Match) -> list[Any]:
    if isinstance(condition, InSequence):
        return [InSequence.__name__, condition.tag, *map(_spelled, condition.conditions)]
    fields = [getattr(condition, name) for name in condition.__slots__]
    return [type(condition).__name__, *fields]


def _read(kind: str, *fields: Any) -> Match:
    if kind == InSequence.__name__:
        tag, *inside = fields
        return InSequence(tag, tuple(_read(*one) for one in inside))
    return _KINDS[kind](*(tuple(f) if isinstance(f, list) else f for f in fields))


@lru_cache(maxsize=256)
def _decoded(text: str) -> tuple[str, Test]:
    condition = _read(*json.loads(text))
    return tag_of(condition), test_of(condition)


def words_begin(wanted: str, words: str | None) -> bool:
    """SQL function: does each of the wanted words begin one of the others? Blanks between them."""
    given = f" {words or ''}"
    return all(f" {word}" in given for word in wanted.split())


def document_matches(
    condition: str, study: bytes | None, series: bytes | None, instance: bytes | None
) -> bool:
    """SQL function: does the attribute match in the document of its level?"""
    tag, test = _decoded(condition)
    return test(speaking(tag, study, series, instance))

"""Conditions on attributes that have no column: looked up in the stored document. Correct, if slower."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import assert_never

from isocenter.adapters.index import elements
from isocenter.adapters.index.documents import JsonObject, parsed
from isocenter.dicom.levels import level_of
from isocenter.dicom.matching import (
    NUMBERS,
    DateTimeRange,
    EmptyValue,
    Match,
    PersonName,
    Range,
    SingleValue,
    WildCard,
)
from isocenter.dicom.person_name import FoldedName, fold_name

_KINDS: dict[str, Callable[..., Match]] = {
    kind.__name__: kind
    for kind in (SingleValue, WildCard, Range, DateTimeRange, PersonName, EmptyValue)
}

Test = Callable[[JsonObject], bool]


def encoded(condition: Match) -> str:
    """Write a condition so that it can be a parameter of SQL."""
    fields = [getattr(condition, name) for name in condition.__slots__]
    return json.dumps([type(condition).__name__, *fields])


@lru_cache(maxsize=256)
def _decoded(text: str) -> tuple[str, Test]:
    kind, *fields = json.loads(text)
    condition = _KINDS[kind](*(tuple(f) if isinstance(f, list) else f for f in fields))
    return tag_of(condition), test_of(condition)


def tag_of(condition: Match) -> str:
    """The attribute that says at which level a condition is resolved."""
    return condition.date_tag if isinstance(condition, DateTimeRange) else condition.tag


def document_matches(
    condition: str, study: bytes | None, series: bytes | None, instance: bytes | None
) -> bool:
    """SQL function: does the attribute match in the document of its level?

    An attribute of patient or study is looked up in the study's document, one of the series in the series', and
    where that has none in the next one down: its own level speaks first.
    """
    tag, test = _decoded(condition)
    by_level = {
        "study": (study, series, instance),
        "series": (series, instance, study),
        "instance": (instance, series, study),
    }
    found: JsonObject = {}
    for packed in by_level[level_of(tag)]:
        if packed is not None:
            found = parsed(packed)
            if tag in found:
                break
    else:
        found = {}
    return test(found)


def test_of(condition: Match) -> Test:
    """Make the test of one condition on a DICOM JSON object."""
    match condition:
        case SingleValue(tag, vr, values):
            return _single_value(tag, vr, values)
        case WildCard(tag, _, pattern):
            wanted = glob(pattern)
            return lambda document: any(map(wanted, elements.texts_of(document, tag)))
        case Range(tag, vr, low, high):
            return lambda document: any(
                (low or "0") <= elements.normal_time(vr, text) <= (high or "~")
                for text in elements.texts_of(document, tag)
            )
        case DateTimeRange():
            return _moment_range(condition)
        case PersonName(tag, pattern):
            named = name_test(pattern)
            return lambda document: named(fold_name(elements.name_groups(document, tag)))
        case EmptyValue(tag):
            return lambda document: not elements.values_of(document, tag)
        case _:
            assert_never(condition)


def _single_value(tag: str, vr: str, values: tuple[str, ...]) -> Test:
    if vr in NUMBERS:
        numbers = set(map(float, values))
        return lambda document: any(_number(t) in numbers for t in elements.texts_of(document, tag))
    wanted = set(values)
    if vr == "DA":
        return lambda document: any(
            elements.normal_time(vr, t) in wanted for t in elements.texts_of(document, tag)
        )
    return lambda document: not wanted.isdisjoint(elements.texts_of(document, tag))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment_range(condition: DateTimeRange) -> Test:
    def test(document: JsonObject) -> bool:
        day = elements.first_time(document, condition.date_tag, "DA")
        time = elements.first_time(document, condition.time_tag, "TM")
        return (condition.low or "0") <= elements.moment(day, time) <= (condition.high or "~")

    return test


def name_test(pattern: str) -> Callable[[FoldedName], bool]:
    """Make the test of a folded pattern on a folded name."""
    tests = [("^" in group, glob(group.rstrip("^"))) for group in pattern.split("=")]

    def test(name: FoldedName) -> bool:
        return all(
            any(map(wanted, name.groups if whole else name.parts)) for whole, wanted in tests
        )

    return test


def glob(pattern: str) -> Callable[[str], bool]:
    """Make the test of a pattern with `*` and `?`; its time grows with the text, not with the number of stars."""
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*"))
    # Atomic: once a piece is found at its first place, no later place can help the pieces after it.
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    compiled = re.compile(first + middle + "".join(f".*{piece}" for piece in rest[-1:]), re.DOTALL)
    return lambda text: compiled.fullmatch(text) is not None

"""What conditions mean, as tests on DICOM JSON: how an index looks up what its own language cannot say."""

import re
from collections.abc import Callable, Sequence
from typing import assert_never

from isocenter.dicom import elements
from isocenter.dicom.json_values import JsonObject
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
from isocenter.dicom.person_name import FoldedName, fold_name

Test = Callable[[JsonObject], bool]


def tag_of(condition: Match) -> str:
    """The attribute that says at which level a condition is resolved."""
    return condition.date_tag if isinstance(condition, DateTimeRange) else condition.tag


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
        case PersonName(tag, pattern, sound):
            named = name_test(pattern, sound)
            return lambda document: named(fold_name(elements.name_groups(document, tag)))
        case EmptyValue(tag):
            return lambda document: not elements.values_of(document, tag)
        case InSequence(tag, conditions):
            return _in_one_item(tag, [test_of(one) for one in conditions])
        case _:
            assert_never(condition)


def _in_one_item(tag: str, tests: Sequence[Test]) -> Test:
    return lambda document: any(
        all(test(item) for test in tests) for item in elements.items_of(document, tag)
    )


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


def name_test(pattern: str, sound: str = "") -> Callable[[FoldedName], bool]:
    """Make the test of a folded pattern, or of how a word sounds, on a folded name."""
    tests = [("^" in group, glob(group.rstrip("^"))) for group in pattern.split("=")]

    def test(name: FoldedName) -> bool:
        return sound in name.sounds or all(
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

"""Rules of `tables/labels.toml`: which facts mean what. The first rule whose conditions all hold gives its name."""

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

from isocenter.arrangement.facts import Facts
from isocenter.arrangement.words import pattern


@dataclass(frozen=True, slots=True)
class Told:
    """What rules are asked about: facts of one instance, and the b-values of the whole series (s/mm²)."""

    facts: Facts
    b_values: tuple[float, ...] = ()


Condition = Callable[[Told], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A name, and what has to hold for it."""

    name: str
    conditions: tuple[Condition, ...]


_TABLE = tomllib.loads((files(__package__) / "tables" / "labels.toml").read_text("utf-8"))
_NO_AGENT = pattern(_TABLE["no_agent"])


def name_of(rules: Sequence[Rule], told: Told) -> str:
    """The name of the first rule that holds; empty when none does."""
    for rule in rules:
        if all(holds(told) for holds in rule.conditions):
            return rule.name
    return ""


def has_agent(facts: Facts) -> bool | None:
    """Whether a contrast agent is named; None where that is left open, False where there is no such module."""
    if facts.agent is None:
        return False
    if not facts.agent:
        return None
    return _NO_AGENT.fullmatch(facts.agent) is None


def _is_any(asked: Sequence[str], told: Told, *, of: str) -> bool:
    return getattr(told.facts, of) in asked


def _has_any(asked: frozenset[str], told: Told, *, of: str) -> bool:
    return not asked.isdisjoint(getattr(told.facts, of))


def _lacks_all(asked: frozenset[str], told: Told, *, of: str) -> bool:
    return not _has_any(asked, told, of=of)


def _lies_in(asked: tuple[float, float], told: Told, *, of: str) -> bool:
    value = getattr(told.facts, of)
    return value is not None and asked[0] <= value < asked[1]


def _b_lies_in(asked: tuple[float, float], told: Told) -> bool:
    return any(asked[0] <= value <= asked[1] for value in told.b_values)


def _agent_is(asked: bool, told: Told) -> bool:
    return has_agent(told.facts) is asked


def _angio_is(asked: bool, told: Told) -> bool:
    return told.facts.angio is asked


def _is_kernel(asked: re.Pattern[str], told: Told) -> bool:
    return asked.fullmatch(told.facts.kernel) is not None


def _made_by(asked: re.Pattern[str], told: Told) -> bool:
    return asked.search(told.facts.manufacturer) is not None


def _window_is(asked: tuple[float, float, float, float], told: Told) -> bool:
    if told.facts.window is None:
        return False
    center, width = told.facts.window
    return asked[0] <= center <= asked[1] and asked[2] <= width <= asked[3]


def _described(asked: re.Pattern[str], told: Told) -> bool:
    return asked.search(told.facts.description) is not None


def _patterns(written: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(written), re.IGNORECASE)


# How a condition of the table is read, and what it asks.
_CONDITIONS: dict[str, tuple[Callable[[Any], Any], Callable[..., bool]]] = {
    "modality": (tuple, partial(_is_any, of="modality")),
    "sop_class": (tuple, partial(_is_any, of="sop_class")),
    "contrast_kind": (tuple, partial(_is_any, of="contrast_kind")),
    "image_type": (frozenset, partial(_has_any, of="image_type")),
    "scanning": (frozenset, partial(_has_any, of="scanning")),
    "variant": (frozenset, partial(_has_any, of="variant")),
    "without_scanning": (frozenset, partial(_lacks_all, of="scanning")),
    "without_image_type": (frozenset, partial(_lacks_all, of="image_type")),
    "te": (tuple, partial(_lies_in, of="te")),
    "tr": (tuple, partial(_lies_in, of="tr")),
    "ti": (tuple, partial(_lies_in, of="ti")),
    "delay": (tuple, partial(_lies_in, of="delay")),
    "b": (tuple, _b_lies_in),
    "agent": (bool, _agent_is),
    "angio": (bool, _angio_is),
    "kernel": (_patterns, _is_kernel),
    "manufacturer": (re.compile, _made_by),
    "window": (tuple, _window_is),
    "words": (pattern, _described),
}


def _condition(name: str, written: Any) -> Condition:
    read, asks = _CONDITIONS[name]
    return partial(asks, read(written))


def rules(kind: str) -> tuple[Rule, ...]:
    """The rules of one kind; raises KeyError for a condition that nobody knows."""
    return tuple(
        Rule(row["name"], tuple(_condition(name, row[name]) for name in row if name != "name"))
        for row in _TABLE[kind]
    )

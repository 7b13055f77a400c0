"""Which comes first: ranks out of `tables/order.toml`."""

import math
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from isocenter.arrangement.facts import MODALITY, Facts
from isocenter.dicom.json_attributes import first

_TABLE = tomllib.loads((files(__package__) / "tables" / "order.toml").read_text("utf-8"))
_VIEWS: dict[str, list[str]] = _TABLE["views"]
_VIEW_CODES: dict[str, str] = _TABLE["view_codes"]
NO_VIEW = 0

Key = tuple[float, ...]


def is_projection(document: Any) -> bool:
    """Whether the document is of a modality that makes projections."""
    return first(document, MODALITY).upper() in _VIEWS


def laterality_and_view(facts: Facts) -> tuple[str, str]:
    """Side and view of a projection, as "R" and "MLO"; empty where unknown, or where the modality makes none."""
    if facts.modality not in _VIEWS:
        return "", ""
    return facts.laterality, facts.view or _VIEW_CODES.get(facts.view_code, "")


def view_rank(modality: str, laterality: str, view: str) -> int:
    """Place of a projection among its like; 0 for all of a modality that makes none."""
    views = _VIEWS.get(modality)
    if views is None:
        return NO_VIEW
    sides = _TABLE["laterality"]
    return 1 + rank_in(views, view) * (len(sides) + 1) + rank_in(sides, laterality)


def rank(kind: str, name: str) -> int:
    """Place of a name in the order of its kind; what the table does not have comes last."""
    return rank_in(_TABLE[kind], name)


def rank_in(names: Sequence[str], name: str) -> int:
    """Place of a name in a list, its length when it is not there."""
    return names.index(name) if name in names else len(names)


def last_without(number: float | None) -> float:
    """A number as a key to sort by; none sorts last."""
    return math.inf if number is None else number

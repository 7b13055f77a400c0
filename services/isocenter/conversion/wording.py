"""Attributes of an enhanced image in the words of a classic one, by `tables/classic.toml`."""

import re
from collections.abc import Callable
from typing import Any

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.multival import MultiValue
from pydicom.valuerep import DSfloat

from isocenter.conversion.table import TABLE

_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?(?:[+-]\d{4})?")


def reword(classic: Dataset, modality: str) -> None:
    """Rename, and say in a classic image's words what an enhanced one says otherwise."""
    _rename(classic, modality)
    for row in TABLE["worded"]:
        if modality in row["of"] and row["to"] not in classic:
            words = [word for keyword, value, word in row["words"] if classic.get(keyword) == value]
            setattr(classic, row["to"], list(dict.fromkeys(words)) or row["otherwise"])
    _type_image(classic, modality)
    agents = classic.get("ContrastBolusAgentSequence")
    if agents and "ContrastBolusAgent" not in classic:
        classic.ContrastBolusAgent = agents[0].get("CodeMeaning", "")


def fill(classic: Dataset, modality: str) -> None:
    """Add, empty, what a classic image has to have and nobody knows."""
    for keyword in TABLE["empty"].get(modality, ()):
        if keyword not in classic:
            setattr(classic, keyword, [] if dictionary_VR(keyword) == "SQ" else None)


def _rename(classic: Dataset, modality: str) -> None:
    said: set[str] = set()
    for row in TABLE["renamed"]:
        new, old = row["to"], row["from"]
        is_weak = row.get("weak", False)
        if old not in classic or modality not in row.get("of", [modality]):
            continue
        if new in said or (is_weak and new in classic):
            continue
        value = _WRITTEN[row.get("as", "same")](classic.get(old))
        if value is None:
            continue
        setattr(classic, new, _fitting(new, value))
        said.add(new)
    for row in TABLE["renamed"]:
        if row["from"] in classic and not row.get("weak", False):
            delattr(classic, row["from"])


def _type_image(classic: Dataset, modality: str) -> None:
    rule = TABLE["image_type_3"].get(modality)
    values = list(classic.get("ImageType") or [])
    if rule is not None and len(values) > 2 and values[2] not in rule["words"]:
        values[2] = rule["otherwise"]
        classic.ImageType = values


def _fitting(keyword: str, value: Any) -> Any:
    """A value in the representation of the attribute it goes to."""
    if dictionary_VR(keyword) == "DS" and isinstance(value, float):
        return DSfloat(value, auto_format=True)
    return value


def _same(value: Any) -> Any:
    return list(value) if isinstance(value, MultiValue) else value


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, MultiValue) else value


def _whole(value: Any) -> int | None:
    return None if _first(value) is None else round(float(_first(value)))


def _side(value: Any) -> str | None:
    return value if value in ("R", "L") else None


def _date(value: Any) -> str | None:
    found = _DATE_TIME.fullmatch(str(value or "").strip())
    return None if found is None else found[1]


def _time(value: Any) -> str | None:
    found = _DATE_TIME.fullmatch(str(value or "").strip())
    return None if found is None else found[2]


_WRITTEN: dict[str, Callable[[Any], Any]] = {
    "same": _same,
    "first": _first,
    "whole": _whole,
    "side": _side,
    "date": _date,
    "time": _time,
}

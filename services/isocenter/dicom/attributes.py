"""The data dictionary (PS3.6): what a tag is called and how its value is represented."""

from importlib.resources import files
from typing import NamedTuple


class Attribute(NamedTuple):
    """One row of PS3.6. `vr` may name several, as "US or SS"; `vm` is a multiplicity such as "1" or "2-n"."""

    vr: str
    vm: str
    retired: bool
    keyword: str


_MAX_DIGITS = 8
GROUP_LENGTH = Attribute("UL", "1", True, "")
PRIVATE_CREATOR = Attribute("LO", "1", False, "")


def _load() -> tuple[dict[int, Attribute], list[tuple[int, int, Attribute]]]:
    exact: dict[int, Attribute] = {}
    repeating: list[tuple[int, int, Attribute]] = []
    for line in (files(__package__) / "tables" / "attributes.tsv").read_text("utf-8").splitlines():
        tag, vr, vm, retired, keyword = line.split("\t")
        attribute = Attribute(vr, vm, retired == "Y", keyword)
        if "x" in tag:
            mask = int("".join("0" if digit == "x" else "F" for digit in tag), 16)
            repeating.append((mask, int(tag.replace("x", "0"), 16), attribute))
        else:
            exact[int(tag, 16)] = attribute
    return exact, repeating


ATTRIBUTES, _REPEATING = _load()
TAGS = {attribute.keyword: tag for tag, attribute in ATTRIBUTES.items() if attribute.keyword}


def is_private(tag: int) -> bool:
    """Tell whether the group is odd (PS3.5 7.8)."""
    return bool(tag >> 16 & 1)


def attribute_of(tag: int) -> Attribute | None:
    """Look a tag up, repeating groups, group lengths and private creators (PS3.5 7.8.1) included."""
    found = ATTRIBUTES.get(tag)
    if found is not None:
        return found
    element = tag & 0xFFFF
    if element == 0:
        return GROUP_LENGTH
    if is_private(tag):
        return PRIVATE_CREATOR if 0x10 <= element <= 0xFF else None
    for mask, base, attribute in _REPEATING:
        if tag & mask == base:
            return attribute
    return None


def vr_of(tag: int) -> str:
    """Give the value representation as PS3.6 has it, or an empty text for a tag it does not have."""
    found = attribute_of(tag)
    return found.vr if found is not None else ""


def vm_of(tag: int) -> str:
    """Give the multiplicity as PS3.6 has it, or an empty text."""
    found = attribute_of(tag)
    return found.vm if found is not None else ""


def keyword_of(tag: int) -> str:
    """Give the keyword, or an empty text."""
    found = attribute_of(tag)
    return found.keyword if found is not None else ""


def tag_of(name: str) -> int | None:
    """Find the tag a keyword or eight hexadecimal digits name (PS3.18 8.3.4.1 allows both); None when neither."""
    if name in TAGS:
        return TAGS[name]
    if len(name) == _MAX_DIGITS and set(name) <= set("0123456789abcdefABCDEF"):
        return int(name, 16)
    return None


def key_of(tag: int) -> str:
    """Give the tag as the eight upper-case hexadecimal digits the JSON model and findings use."""
    return f"{tag:08X}"

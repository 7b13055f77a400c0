"""Sequences in the answers of C-FIND: the items that match, with the attributes asked for (PS3.4 C.2.2.2.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isocenter.dicom.attributes import vr_of
from isocenter.dicom.document_matching import Test, test_of
from isocenter.dicom.elements import items_of
from isocenter.dicom.json_attributes import values
from isocenter.dicom.matching import InSequence, Match

Element = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a sequence is answered: items that meet all tests, of each these keys."""

    tests: tuple[Test, ...]
    keys: Mapping[str, "Wanted | None"]

    def of(self, sequence: Element) -> Element:
        """The sequence as it is answered."""
        items = items_of({"": sequence}, "")
        met = (item for item in items if all(test(item) for test in self.tests))
        return {"vr": "SQ", "Value": [self._chosen(item) for item in met]}

    def _chosen(self, item: Mapping[str, Element]) -> dict[str, Element]:
        return {key: _element(item.get(key), key, inside) for key, inside in self.keys.items()}


def wanted_items(keys: Mapping[str, Any], conditions: Iterable[Match]) -> dict[str, Wanted]:
    """What is wanted of the sequences among the keys of an Identifier; those without an item are wanted whole."""
    inside = {one.tag: one.conditions for one in conditions if isinstance(one, InSequence)}
    return {
        key: _wanted(item, inside.get(key, ()))
        for key, content in keys.items()
        if (item := _item(content))
    }


def _wanted(item: Mapping[str, Any], conditions: tuple[Match, ...]) -> Wanted:
    nested = wanted_items(item, conditions)
    keys = {key: nested.get(key) for key in sorted(item)}
    return Wanted(tuple(map(test_of, conditions)), keys)


def _item(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, Mapping) or content.get("vr") != "SQ":
        return {}
    item = next(iter(values({"": content}, "")), None)
    return item if isinstance(item, Mapping) else {}


def _element(content: Element | None, key: str, inside: Wanted | None) -> Element:
    if content is None:
        return {"vr": vr_of(int(key, 16)).partition(" ")[0] or "UN"}
    return content if inside is None else inside.of(content)

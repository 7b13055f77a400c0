"""A chapter of matching: some studies, and what searches over them find. UIDs of a chapter begin with its number."""

from dataclasses import dataclass
from typing import Any

from tests.support.index_rows import Document, Study, element

from isocenter.dicomweb.qido_parameters import search_parameters
from isocenter.ports.index import Level, Query

Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Vector:
    """A search as a web client writes it, and the UIDs it finds within its chapter, in any order."""

    level: Level
    keys: Keys
    found: tuple[str, ...]
    fuzzy: bool = False

    @property
    def query(self) -> Query:
        """The search understood."""
        asked = search_parameters([*self.keys, *self.flags])
        return Query(self.level, asked.conditions, words=asked.words, limit=1000)

    @property
    def flags(self) -> Keys:
        """What a web client writes besides."""
        return (("fuzzymatching", "true"),) if self.fuzzy else ()


@dataclass(frozen=True)
class Chapter:
    """Studies and searches over them."""

    number: int
    name: str
    studies: tuple[Study, ...]
    vectors: tuple[Vector, ...]

    def of(self, uids: list[str]) -> tuple[str, ...]:
        """Those of this chapter, in order of their names."""
        return tuple(sorted(uid for uid in uids if uid.startswith(f"{self.number}.")))


def asked(level: Level, found: str, *keys: tuple[str, str], fuzzy: bool = False) -> Vector:
    """A vector; `found` are UIDs with blanks between them."""
    return Vector(level, keys, tuple(sorted(found.split())), fuzzy)


def summed(*studies: Study) -> tuple[Study, ...]:
    """Studies with what is computed of them (PS3.4 C.6.2.1.2): modalities, and how much is in them."""
    for study in studies:
        modalities = {value for own, _ in study.series for value in _values(own, "00080060")}
        study.attributes |= {
            "00080061": element("CS", *sorted(modalities)),
            "00201206": element("IS", len(study.series)),
            "00201208": element("IS", sum(len(instances) for _, instances in study.series)),
        }
        for own, instances in study.series:
            own["00201209"] = element("IS", len(instances))
    return studies


def _values(document: Document, tag: str) -> list[str]:
    return [str(value) for value in document.get(tag, {}).get("Value", [])]  # type: ignore[attr-defined]


def sequence(*items: Document) -> dict[str, Any]:
    """A sequence."""
    return element("SQ", *items)

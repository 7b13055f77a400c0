"""A chapter of matching: some studies, and what searches over them find. UIDs of a chapter begin with its number."""

from dataclasses import dataclass
from typing import Any

from tests.support.index_rows import Document, Study, element

from isocenter.dicom.matching import Match
from isocenter.dicomweb.qido_parameters import search_parameters
from isocenter.ports.index import Level

Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Vector:
    """A search as a web client writes it, and the UIDs it finds within its chapter, in any order."""

    level: Level
    keys: Keys
    found: tuple[str, ...]
    fuzzy: bool = False

    @property
    def conditions(self) -> tuple[Match, ...]:
        """The search understood."""
        return search_parameters([*self.keys, *self.flags]).conditions

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


def sequence(*items: Document) -> dict[str, Any]:
    """A sequence."""
    return element("SQ", *items)

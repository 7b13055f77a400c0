"""A query sorted out: which clause filters which kind of document, and what has to be looked at in several."""

from dataclasses import dataclass, field

from isocenter.adapters.index.columns import COLUMNS
from isocenter.adapters.index.opensearch.conditions import (
    DEPTH,
    IDENTITY,
    Condition,
    among,
    any_of,
    begun,
    compiled,
    identity,
)
from isocenter.adapters.index.opensearch.names import Kind
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.queries import PATIENT_NAME
from isocenter.dicom.matching import InSequence, Match
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Level, Query

_ALIASES: dict[str, Kind] = {"s": "studies", "e": "series", "i": "instances"}
Term = tuple[Kind, str, bool]  # kind of document, field, descending


@dataclass(slots=True)
class Asked:
    """What each kind of document has to meet.

    `filters` hold for a document whatever the others are. `wandering` conditions are looked up in several kinds and
    decided when the documents of a match are together. `narrow` tells kinds whose filters may single out few studies.
    A series whose document was not made yet still has instances; not so when `needs_series`. Unless `needs_join`, the
    lowest kind's filters say it all.
    """

    query: Query
    filters: dict[Kind, list[Json]]
    wandering: list[Condition] = field(default_factory=list)
    narrow: set[Kind] = field(default_factory=set)
    terms: list[Term] = field(default_factory=list)
    needs_series: bool = False
    needs_join: bool = False
    checked: list[Match] = field(default_factory=list)  # clauses find candidates, documents decide

    @property
    def level(self) -> Level:
        """The level of matches."""
        return self.query.level

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of documents a match is made of, from the study down."""
        return DEPTH[self.query.level]

    def named(self, kind: Kind) -> list[Json]:
        """Clauses by which each hit tells what it says of the wandering conditions."""
        return [
            {"bool": {"filter": [clause], "_name": f"{mark}{place}"}}
            for place, condition in enumerate(self.wandering)
            if kind in condition.kinds
            for mark, clause in (("p", condition.present), ("m", condition.matches))
        ]


def sort_out(query: Query) -> Asked:
    """Compile a query whose path is among its conditions already."""
    kinds = DEPTH[query.level]
    asked = Asked(query, {kind: [{"term": {"visible": True}}] for kind in kinds})
    for one in query.conditions:
        if (found := identity(one, query.level)) is not None:
            _add_identity(asked, *found)
        else:
            _add(asked, compiled(one, query.level))
        if isinstance(one, InSequence):
            asked.checked.append(one)
    if query.among is not None:
        asked.needs_join |= query.level != "study"
        asked.filters["studies"].append(among(query.among))
    if query.words:
        asked.needs_join |= query.level != "study"
        asked.filters["studies"] += begun(query.words)
    if query.study_instance_uid is not None:
        asked.narrow.clear()  # there is only one
    asked.terms = [_term(tag, query.level) for tag in query.order]
    return asked


def _add_identity(asked: Asked, highest: Kind, clause: Json) -> None:
    below = asked.kinds[asked.kinds.index(highest) :]
    for kind in below:
        asked.filters[kind].append(clause)
    if highest != "studies":
        asked.narrow.add(highest)


def _add(asked: Asked, condition: Condition) -> None:
    first = condition.kinds[0]
    if len(condition.kinds) == 1:
        asked.filters[first].append(condition.matches)
        asked.needs_series |= first == "series"
        asked.needs_join |= first != asked.kinds[-1]
        if first != "studies":
            asked.narrow.add(first)
        return
    asked.wandering.append(condition)
    asked.needs_join = True
    if first in {"studies", asked.kinds[-1]}:
        absent: Json = {"bool": {"must_not": [condition.present]}}
        asked.filters[first].append(any_of(condition.matches, absent))


def _term(tag: str, level: Level) -> Term:
    name = tag.removeprefix("-")
    descending = tag.startswith("-")
    if name == PATIENT_NAME:
        return "studies", "sort.patient_name", descending
    column = COLUMNS[level].get(name)
    if column is None:
        raise InvalidRequest("cannot sort by this attribute at this level")
    alias, _, plain = (column.moment or column.name).partition(".")
    field_name = IDENTITY[name][0] if name in IDENTITY else f"sort.{plain}"
    return _ALIASES[alias], field_name, descending

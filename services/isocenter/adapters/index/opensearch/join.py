"""Series and instances searched across studies: the server joins nothing, so the levels are joined here.

Studies are walked in their order, some at a time, and of those the series and instances that meet their own
conditions are fetched. Conditions that single out few studies from below are looked at first. The walk ends when
whoever asked has enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from isocenter.adapters.index.opensearch.asked import Asked
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.names import Kind, series_id
from isocenter.adapters.index.opensearch.pages import (
    PAGE,
    Deadline,
    Hit,
    all_of,
    check_time,
    hits,
    hits_in,
)
from isocenter.adapters.index.opensearch.rows import NO_NUMBER
from isocenter.adapters.index.opensearch.server import Json
from isocenter.errors import LimitExceeded

FEW_STUDIES = 2_000
LEAST_AT_ONCE, MOST_AT_ONCE = 50, 5_000  # studies
MAX_SORTED = 200_000  # matches put into an order that is not that of studies
_NO_NAMES: frozenset[str] = frozenset()
_UIDS = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")

DEFAULT_SORT: list[Json] = [{"sort.moment": "desc"}, {"study_instance_uid": "asc"}]
_SORT: dict[Kind, list[Json]] = {
    "studies": DEFAULT_SORT,
    "series": [{uid: "asc"} for uid in _UIDS[:2]] + [{"sort.series_number": "asc"}],
    "instances": [{uid: "asc"} for uid in (*_UIDS, "digest")] + [{"sort.instance_number": "asc"}],
}


class Row(NamedTuple):
    """A match with the documents it is made of; a series may have none yet."""

    study: Hit
    series: Hit | None
    instance: Hit | None

    def of(self, kind: Kind) -> Hit | None:
        """Its document of a kind."""
        return {"studies": self.study, "series": self.series, "instances": self.instance}.get(kind)


class _Below(NamedTuple):
    """A series or an instance, the study it is of, and its place in there."""

    study: str
    series: Hit | None
    instance: Hit | None
    key: tuple[Any, ...]


@dataclass(slots=True)
class Join:
    """One search below the study level."""

    generation: Generation
    asked: Asked
    deadline: Deadline

    def rows(self) -> Iterator[Row]:
        """All matches in the query's order."""
        if not self.asked.terms:
            return self._walked()
        rows = list(islice(self._walked(), MAX_SORTED + 1))
        if len(rows) > MAX_SORTED:
            raise LimitExceeded(f"more than {MAX_SORTED} matches to be sorted")
        rows.sort(key=_reversed_uids)
        for place in reversed(range(len(self.asked.terms))):
            self._sort_by(rows, place)
        return iter(rows)

    def _sort_by(self, rows: list[Row], place: int) -> None:
        kind, _, descending = self.asked.terms[place]
        mine = [at for at, term in enumerate(self.asked.terms) if term[0] == kind]
        value_at = len(_SORT[kind]) + mine.index(place)
        missing = _missing(rows, kind, value_at)

        def value(row: Row) -> Any:
            hit = row.of(kind)
            return missing if hit is None else hit.sort[value_at]

        rows.sort(key=value, reverse=descending)

    def _walked(self) -> Iterator[Row]:
        narrowed = self._narrowed()
        if narrowed is not None and not narrowed:
            return
        filters = [] if narrowed is None else [_of_studies(narrowed)]
        at_once = max(LEAST_AT_ONCE, min(self.asked.query.limit, MOST_AT_ONCE))
        studies = self._hits("studies", filters, page=max(at_once, 500))
        while some := list(islice(studies, at_once)):
            yield from self._below(some)
            at_once = min(2 * at_once, MOST_AT_ONCE)

    def _narrowed(self) -> list[str] | None:
        """The studies that conditions from below leave, when they are few."""
        for kind in sorted(self.asked.narrow):
            body = {
                "query": all_of(self.asked.filters[kind]),
                "sort": ["_doc"],
                "docvalue_fields": ["study_instance_uid"],
            }
            answer = self.generation.server.search(
                self.generation.index(kind),
                body
                | {"size": FEW_STUDIES + 1, "track_total_hits": False, "_source": False}
                | {"timeout": f"{self.deadline.left_ms()}ms"},
            )
            check_time(answer)
            found = hits_in(answer)
            if len(found) <= FEW_STUDIES:
                return sorted({one["fields"]["study_instance_uid"][0] for one in found})
        return None

    def _below(self, studies: list[Hit]) -> Iterator[Row]:
        """Matches within these studies, in order."""
        uids = [study.id for study in studies]
        series = {one.id: one for one in self._hits("series", [_of_studies(uids)])}
        by_study: dict[str, list[_Below]] = {}
        for one in self._placed(uids, series):
            by_study.setdefault(one.study, []).append(one)
        for study in studies:
            for one in sorted(by_study.get(study.id, ()), key=lambda below: below.key):
                row = Row(study, one.series, one.instance)
                if self._meets(row):
                    yield row

    def _placed(self, uids: list[str], series: dict[str, Hit]) -> Iterator[_Below]:
        if self.asked.level == "series":
            for found in series.values():
                study, uid, number = found.sort[:3]
                yield _Below(study, found, None, (number, uid))
            return
        for instance in self._hits("instances", [_of_studies(uids)]):
            study, uid, sop, digest, number = instance.sort[:5]
            one = series.get(series_id(study, uid))
            if one is None and self.asked.needs_series:
                continue
            series_number = NO_NUMBER if one is None else one.sort[2]
            yield _Below(study, one, instance, (series_number, uid, number, sop, digest))

    def _meets(self, row: Row) -> bool:
        """Decide the conditions that are looked up in several documents."""
        for place, condition in enumerate(self.asked.wandering):
            answer = condition.of_nothing
            for kind in condition.kinds:
                hit = row.of(kind)
                names = _NO_NAMES if hit is None else hit.names
                if f"p{place}" in names:
                    answer = f"m{place}" in names
                    break
            if not answer:
                return False
        return True

    def _hits(self, kind: Kind, filters: Sequence[Json], page: int = PAGE) -> Iterator[Hit]:
        more = [{name: "asc"} for of, name, _ in self.asked.terms if of == kind]
        query = all_of([*self.asked.filters[kind], *filters])
        query["bool"] |= {"should": self.asked.named(kind), "minimum_should_match": 0}
        return hits(
            self.generation.server,
            self.generation.index(kind),
            {"query": query, "sort": [*_SORT[kind], *more]},
            page=page,
            deadline=self.deadline,
        )


def _of_studies(uids: list[str]) -> Json:
    return {"terms": {"study_instance_uid": uids}}


def _reversed_uids(row: Row) -> tuple[str, ...]:
    lowest = row.instance or row.series or row.study
    return tuple(reversed(lowest.sort[: 3 if row.instance else 2]))


def _missing(rows: list[Row], kind: Kind, value_at: int) -> Any:
    """What stands for the value of a document that is not there: as one without a value, it comes first."""
    known = next((hit.sort[value_at] for hit in map(lambda r: r.of(kind), rows) if hit), "")
    return NO_NUMBER if isinstance(known, int) else ""

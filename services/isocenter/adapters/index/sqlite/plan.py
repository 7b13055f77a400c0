"""Which index finds the candidates of a search.

Two ways: gather few candidates by a selective condition and sort them, or walk the studies newest first, test each
and stop at the limit. Walking is quick when matches are common, gathering when they are rare, and a condition's
frequency is not known beforehand; so it is counted, up to a bound.
"""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import sqlite3
from dataclasses import dataclass

from isocenter.adapters.index.sqlite.columns import MODALITIES_IN_STUDY, NAME_COLUMNS, NAMES
from isocenter.adapters.index.sqlite.conditions import (
    END,
    Param,
    has_wild_card,
    in_list,
    name_pieces,
    name_row,
    prefix_of,
)
from isocenter.dicom.matching import Match, PersonName, SingleValue, WildCard
from isocenter.ports.index import Query

GATHER_ONE = 4_000  # candidates that cost as much to sort as to walk past
GATHER_MANY = 30_000  # with several conditions a walk may find nothing and go on to the end
TRIGRAM = 3

_ORDERED = {
    "00100020": ("s.patient_id", "studies_patient_id"),
    "00080050": ("s.accession_number", "studies_accession_number"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a search starts: a FROM clause that gives studies as s.

    `count` is a query for its rows whose LIMIT is the last parameter; None: known to be few, or in order already.
    """

    sql: str
    params: tuple[Param, ...] = ()
    count: str | None = None
    moment: str = "s.moment"


WALK = Source("studies s INDEXED BY studies_moment")


def choose(connection: sqlite3.Connection, query: Query, *, ordered: bool) -> Source:
    """Pick the start of a search; `ordered` tells that the default order is wanted."""
    for condition in query.conditions:
        source = _exact(condition)
        if source is not None:
            return source
    bound = GATHER_ONE if len(query.conditions) == 1 and ordered else GATHER_MANY
    best, fewest = None, bound + 1
    for condition in query.conditions:
        source = _gathering(condition)
        if source is None or source.count is None:
            continue
        rows = connection.execute(source.count, (*source.params, fewest)).fetchone()[0]
        if rows < fewest:
            best, fewest = source, rows
    return best or _walk(query, ordered=ordered)


def _walk(query: Query, *, ordered: bool) -> Source:
    if not ordered:
        return Source("studies s")
    for condition in query.conditions:
        if (
            isinstance(condition, SingleValue)
            and condition.tag == MODALITIES_IN_STUDY
            and len(condition.values) == 1
        ):
            return Source(
                "(SELECT study AS id, moment FROM study_modalities WHERE modality = ?) m "
                "CROSS JOIN studies s ON s.id = m.id",
                condition.values,
                moment="m.moment",
            )
    return WALK


def _exact(condition: Match) -> Source | None:
    """Conditions that single out so few studies that nothing needs counting."""
    if not isinstance(condition, SingleValue):
        return None
    values = condition.values
    match condition.tag:
        case "0020000D":
            return Source("studies s")
        case "0020000E":
            found = f"SELECT DISTINCT study AS id FROM series WHERE uid {in_list(len(values))}"
            return Source(f"({found}) d CROSS JOIN studies s ON s.id = d.id", values)
        case "00080018":
            found = (
                "SELECT DISTINCT e.study AS id FROM instances i CROSS JOIN series e ON e.id = i.series "
                f"WHERE i.sop {in_list(len(values))}"
            )
            return Source(f"({found}) d CROSS JOIN studies s ON s.id = d.id", values)
        case tag if tag in _ORDERED:
            return Source(f"studies s INDEXED BY {_ORDERED[tag][1]}")
        case _:
            return None


def _gathering(condition: Match) -> Source | None:
    match condition:
        case PersonName(tag) if tag in NAMES:
            return _by_name(condition)
        case WildCard(tag, _, pattern) if tag in _ORDERED and prefix_of(pattern):
            column, index = _ORDERED[tag]
            prefix = prefix_of(pattern)
            stretch = f"studies s INDEXED BY {index} WHERE {column} >= ? AND {column} < ?"
            return _gathered(f"SELECT s.id AS id FROM {stretch}", (prefix, prefix + END))
        case SingleValue("00080060", _, values):
            rows = f"SELECT DISTINCT study AS id FROM series WHERE modality {in_list(len(values))}"
            return _gathered(rows, values)
        case _:
            return None


def _gathered(rows: str, params: tuple[Param, ...]) -> Source:
    return Source(
        f"({rows}) d CROSS JOIN studies s ON s.id = d.id",
        params,
        f"SELECT count(*) FROM ({rows} LIMIT ?)",
    )


def _by_name(condition: PersonName) -> Source | None:
    """The piece with the longest known start, else one with a run long enough for the trigram index."""
    pieces = sorted(name_pieces(condition), key=lambda piece: -len(prefix_of(piece[1])))
    kind, pattern = pieces[0]
    if prefix_of(pattern) or not has_wild_card(pattern):
        row = name_row(kind, pattern)
        return _gathered(f"SELECT DISTINCT study AS id FROM names WHERE {row.sql}", row.params)
    runs = [run for _, piece in pieces for run in piece.replace("?", "*").split("*")]
    quoted = ['"{}"'.format(run.replace('"', '""')) for run in runs if len(run) >= TRIGRAM]
    if not quoted:
        return None
    wanted = f"{NAME_COLUMNS[condition.tag]} : ({' AND '.join(quoted)})"
    return _gathered("SELECT rowid AS id FROM names_text WHERE names_text MATCH ?", (wanted,))

"""Which index finds the candidates of a search.

Two ways: gather few candidates by a selective condition and sort them, or walk the studies newest first, test each
and stop at the limit. Walking is quick when matches are common, gathering when they are rare, and a condition's
frequency is not known beforehand; so it is counted, up to a bound.
"""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import math
import sqlite3
from dataclasses import dataclass, replace

from isocenter.adapters.index.columns import (
    COLUMNS,
    MODALITIES_IN_STUDY,
    NAMES,
    REQUEST_IDS,
    REQUESTS,
    TEXT_COLUMNS,
    is_short_script,
)
from isocenter.adapters.index.sqlite.conditions import (
    END,
    Param,
    in_list,
    name_pieces,
    name_row,
    prefix_of,
    sound_row,
)
from isocenter.dicom.document_matching import tag_of
from isocenter.dicom.matching import InSequence, Match, PersonName, SingleValue, WildCard
from isocenter.ports.index import Query

GATHER_MANY = 30_000  # with several conditions a walk may find nothing and go on to the end
TRIGRAM = 3
MOMENT = "s.moment"

_ORDERED = {
    "00100020": ("s.patient_id", "studies_patient_id"),
    "00080050": ("s.accession_number", "studies_accession_number"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a search starts: a FROM clause that gives studies as s.

    `count` is a query for about how many they are, its LIMIT the last parameter; empty: known to be few.
    """

    sql: str
    params: tuple[Param, ...] = ()
    count: str = ""
    moment: str = MOMENT
    covers: Match | None = None  # a condition that needs no other test
    covers_words: bool = False  # the words need none


WALK = Source("studies s INDEXED BY studies_moment")


def choose(connection: sqlite3.Connection, query: Query, *, ordered: bool) -> Source:
    """Pick the start of a search; `ordered` tells that the default order is wanted."""
    exact = next(filter(None, map(_exact, _usable(query))), None)
    if exact is not None:
        return exact
    bound = _bound(connection, query, ordered=ordered)
    return _fewest(connection, query, bound) or _walk(query, ordered=ordered)


def choose_for_count(connection: sqlite3.Connection, query: Query) -> Source:
    """Pick the start of a count: it stops at its limit without a sort, so candidates may be many."""
    exact = next(filter(None, map(_exact, _usable(query))), None)
    if exact is not None:
        return exact
    gathering = next(iter(_all_gathering(query)), None)
    return _fewest(connection, query, GATHER_MANY) or gathering or _walk(query, ordered=True)


def _all_gathering(query: Query) -> list[Source]:
    found = list(filter(None, map(_gathering, _usable(query))))
    words = (_by_word(word, is_only=len(query.words) == 1) for word in query.words)
    return [*found, *words]


def _usable(query: Query) -> list[Match]:
    """Conditions that speak of the tables; the others look into a document, at a level below that of its column."""
    columns = COLUMNS[query.level]
    return [
        c
        for c in query.conditions
        if tag_of(c) in columns
        or tag_of(c) in TEXT_COLUMNS
        or tag_of(c) == MODALITIES_IN_STUDY
        or (tag_of(c) == REQUESTS and query.level == "series")
    ]


def _fewest(connection: sqlite3.Connection, query: Query, bound: int) -> Source | None:
    """The condition with the fewest candidates, when they are not more than the bound."""
    best, fewest = None, bound + 1
    gathering = _all_gathering(query)
    # A modality is in order already: counted, first as it is cheap, only to be set against others.
    modality = list(filter(None, map(_of_modality, query.conditions))) if gathering else []
    for source in (*modality, *gathering):
        rows = connection.execute(source.count, (*source.params, fewest)).fetchone()[0]
        if rows < fewest:
            best, fewest = source, rows
    return best


def _bound(connection: sqlite3.Connection, query: Query, *, ordered: bool) -> int:
    """Most candidates that are worth gathering.

    With one condition that M of N studies meet, a walk passes limit * N / M studies, gathering sorts M.
    """
    if len(query.conditions) + bool(query.words) != 1 or not ordered:
        return GATHER_MANY
    studies = connection.execute("SELECT value FROM counters WHERE name = 'studies'").fetchone()[0]
    return min(GATHER_MANY, math.isqrt((query.limit + query.offset + 1) * int(studies)))


def _walk(query: Query, *, ordered: bool) -> Source:
    if not ordered:
        return Source("studies s")
    return next(filter(None, map(_of_modality, query.conditions)), WALK)


def _of_modality(condition: Match) -> Source | None:
    """Studies with one modality, in the order of their moments."""
    if (
        not isinstance(condition, SingleValue)
        or condition.tag != MODALITIES_IN_STUDY
        or len(condition.values) > 1
    ):
        return None
    rows = "SELECT study AS id, moment FROM study_modalities WHERE modality = ?"
    return Source(
        f"({rows}) m CROSS JOIN studies s ON s.id = m.id",
        condition.values,
        f"SELECT count(*) FROM ({rows} LIMIT ?)",
        "m.moment",
        condition,
    )


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
        case WildCard(tag, _, pattern) if tag in TEXT_COLUMNS:
            return _by_text(condition, tag, (pattern,))
        case SingleValue("00080060", _, values):
            rows = f"SELECT study AS id FROM series WHERE modality {in_list(len(values))}"
            return _gathered(rows, values)
        case InSequence(tag, inside) if tag == REQUESTS:
            return next(filter(None, map(_by_request, inside)), None)
        case SingleValue(tag, _, values) if tag == MODALITIES_IN_STUDY and len(values) > 1:
            rows = f"SELECT study AS id FROM study_modalities WHERE modality {in_list(len(values))}"
            return _gathered(rows, values, condition)
        case _:
            return None


def _by_word(word: str, *, is_only: bool) -> Source:
    rows = "SELECT study AS id FROM words WHERE word >= ? AND word < ?"
    return replace(_gathered(rows, (word, word + END)), covers_words=is_only)


def _by_request(condition: Match) -> Source | None:
    """By a step or procedure that a series was requested as."""
    if not isinstance(condition, SingleValue) or condition.tag not in REQUEST_IDS:
        return None
    rows = f"SELECT study AS id FROM requests WHERE id {in_list(len(condition.values))} AND tag = ?"
    return _gathered(rows, (*condition.values, condition.tag))


def _gathered(rows: str, params: tuple[Param, ...], covers: Match | None = None) -> Source:
    return Source(
        f"(SELECT DISTINCT id FROM ({rows})) d CROSS JOIN studies s ON s.id = d.id",
        params,
        f"SELECT count(*) FROM ({rows} LIMIT ?)",
        covers=covers,
    )


def _by_name(condition: PersonName) -> Source | None:
    """The piece with the longest known start, else one with a run long enough for the trigram index."""
    pieces = sorted(name_pieces(condition), key=lambda piece: -len(prefix_of(piece[1])))
    kind, pattern = pieces[0]
    if prefix_of(pattern):
        found = [name_row(kind, pattern)]
        if condition.sound:
            found.append(sound_row(condition))
        rows = " UNION ALL ".join(f"SELECT study AS id FROM names WHERE {row.sql}" for row in found)
        params = tuple(param for row in found for param in row.params)
        return _gathered(rows, params, condition if len(pieces) == 1 else None)
    patterns = tuple(piece for _, piece in pieces)
    return _by_text(condition, condition.tag, patterns) or _by_end(condition.tag, patterns)


def _by_end(tag: str, patterns: tuple[str, ...]) -> Source | None:
    """By one or two characters of a script whose names are short: they start an end of a part, or the part."""
    runs = [run for pattern in patterns for run in pattern.replace("?", "*").split("*")]
    run = next(filter(is_short_script, (end for run in runs for end in run.split("^"))), None)
    if run is None:
        return None
    part, _, end, _ = NAMES[tag]
    rows = "SELECT study AS id FROM names WHERE kind IN (?, ?) AND part >= ? AND part < ?"
    return _gathered(rows, (part, end, run, run + END))


def _by_text(condition: Match, tag: str, patterns: tuple[str, ...]) -> Source | None:
    """By all runs of three known characters and more; one run between two stars needs no other test."""
    runs = [run for pattern in patterns for run in pattern.replace("?", "*").split("*")]
    quoted = ['"{}"'.format(run.replace('"', '""')) for run in runs if len(run) >= TRIGRAM]
    if not quoted:
        return None
    wanted = f"{TEXT_COLUMNS[tag]} : ({' AND '.join(quoted)})"
    exact = len(runs) == len(patterns) + 2 and patterns[0] == f"*{runs[1]}*"
    rows = "SELECT rowid AS id FROM study_text WHERE study_text MATCH ?"
    return _gathered(rows, (wanted,), condition if exact else None)

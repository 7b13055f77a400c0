"""Conditions in SQL. A clause is exact by itself; which index finds the candidates is decided in `plan`."""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

from dataclasses import dataclass
from typing import assert_never

from isocenter.adapters.index.columns import COLUMNS, MODALITIES_IN_STUDY, NAMES, Column
from isocenter.adapters.index.sqlite.document_match import encoded
from isocenter.dicom.matching import (
    DateTimeRange,
    EmptyValue,
    InSequence,
    Match,
    PersonName,
    Range,
    SingleValue,
    WildCard,
)
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Among, Level

Param = str | int | float
END = "\U0010ffff"  # after every text that starts the same


@dataclass(frozen=True, slots=True)
class Clause:
    """A truth in SQL over s, e and i, with its parameters. `cost` orders clauses: a document is read last."""

    sql: str
    params: tuple[Param, ...] = ()
    cost: int = 0


def clause_of(condition: Match, level: Level) -> Clause:
    """Compile one condition. Raises InvalidRequest for a combination that `dicom.matching.parse` never makes."""
    columns = COLUMNS[level]
    if isinstance(condition, DateTimeRange):
        column = columns.get(condition.date_tag)
        if column is not None and column.moment is not None:
            return _between(column.moment, condition.low, condition.high)
        return _in_document(condition, level)
    if isinstance(condition, InSequence):
        return _in_document(condition, level)
    if condition.tag in NAMES and isinstance(condition, PersonName | EmptyValue):
        return _name(condition)
    if condition.tag == MODALITIES_IN_STUDY:
        return _modalities(condition)
    column = columns.get(condition.tag)
    if column is None or isinstance(condition, PersonName):
        return _in_document(condition, level)
    return _on_column(condition, column)


def among_clause(circle: Among) -> Clause:
    """Compile a circle of studies."""
    sql = f"s.patient IN ({_marks(circle.patients)}) OR s.uid IN ({_marks(circle.studies)})"
    return Clause(sql, (*circle.patients, *circle.studies))


def words_clause(words: tuple[str, ...]) -> Clause:
    """Compile words that have to begin words of the study."""
    sql = "words_begin(?, (SELECT words FROM study_words WHERE study = s.id))"
    return Clause(sql, (" ".join(words),), 2)


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))


def _on_column(condition: SingleValue | WildCard | Range | EmptyValue, column: Column) -> Clause:
    match condition:
        case EmptyValue():
            return Clause(f"{column.name} IS NULL")
        case Range(_, _, low, high):
            if column.moment is not None:  # whole days of the order index
                return _between(column.moment, low, high and high + "~")
            return _between(column.name, low, high)
        case WildCard(_, _, pattern):
            return glob(column.name, pattern)
        case SingleValue():
            return _single_value(condition, column)
        case _:
            assert_never(condition)


def _single_value(condition: SingleValue, column: Column) -> Clause:
    params: tuple[Param, ...] = condition.values
    if column.kind == "number":
        params = tuple(_number(value) for value in condition.values)
    elif column.moment is not None and len(params) == 1:
        return _between(column.moment, condition.values[0], condition.values[0] + "~")
    return Clause(f"{column.name} {in_list(len(params))}", params)


def _number(text: str) -> int | float:
    try:
        number = int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        raise InvalidRequest("a number is expected") from None
    return number if abs(number) < 1 << 63 else float(number)


def in_list(count: int) -> str:
    """`= ?`, or `IN` with that many parameters."""
    return "= ?" if count == 1 else f"IN ({','.join('?' * count)})"


def _between(column: str, low: str, high: str) -> Clause:
    """Both ends included; values that are empty or marked invalid sort before `0` and are in no range."""
    if high:
        return Clause(f"{column} >= ? AND {column} <= ?", (low or "0", high))
    return Clause(f"{column} >= ?", (low or "0",))


def escaped(pattern: str) -> str:
    """Write a pattern for GLOB, which knows `*` and `?` and also brackets."""
    return pattern.replace("[", "[[]")


def prefix_of(pattern: str) -> str:
    """What every match starts with."""
    return pattern.split("*", 1)[0].split("?", 1)[0]


def glob(column: str, pattern: str) -> Clause:
    """A wild card as a stretch of an index and an exact test."""
    prefix = prefix_of(pattern)
    if not prefix:
        return Clause(f"{column} GLOB ?", (escaped(pattern),))
    sql = f"{column} >= ? AND {column} < ? AND {column} GLOB ?"
    return Clause(sql, (prefix, prefix + END, escaped(pattern)))


def name_pieces(condition: PersonName) -> list[tuple[int, str]]:
    """Patterns of a name with the kind of row each is compared with."""
    part, group, *_ = NAMES[condition.tag]
    return [
        (group if "^" in piece else part, piece.rstrip("^"))
        for piece in condition.pattern.split("=")
    ]


def has_wild_card(pattern: str) -> bool:
    """Tell patterns from plain text."""
    return "*" in pattern or "?" in pattern


def name_row(kind: int, pattern: str) -> Clause:
    """A pattern on the table `names` alone."""
    if not has_wild_card(pattern):
        return Clause("kind = ? AND part = ?", (kind, pattern))
    part = glob("part", pattern)
    return Clause(f"kind = ? AND {part.sql}", (kind, *part.params))


def sound_row(condition: PersonName) -> Clause:
    """Words that sound so, on the table `names` alone."""
    return Clause("kind = ? AND part = ?", (NAMES[condition.tag][3], condition.sound))


def _name(condition: PersonName | EmptyValue) -> Clause:
    if isinstance(condition, EmptyValue):
        missing = "NOT EXISTS (SELECT 1 FROM names WHERE study = s.id AND kind = ?)"
        return Clause(missing, (NAMES[condition.tag][1],), 1)
    rows = [name_row(kind, pattern) for kind, pattern in name_pieces(condition)]
    sql = " AND ".join(map(_has_name, rows))
    if condition.sound:
        rows.append(sound_row(condition))
        sql = f"({sql}) OR {_has_name(rows[-1])}"
    return Clause(sql, tuple(param for row in rows for param in row.params), 1)


def _has_name(row: Clause) -> str:
    return f"EXISTS (SELECT 1 FROM names INDEXED BY names_study WHERE study = s.id AND {row.sql})"


def _modalities(condition: Match) -> Clause:
    rows = "EXISTS (SELECT 1 FROM study_modalities INDEXED BY study_modalities_study WHERE study = s.id AND {})"
    match condition:
        case EmptyValue():
            missing = "NOT EXISTS (SELECT 1 FROM study_modalities WHERE study = s.id)"
            return Clause(missing, (), 1)
        case SingleValue(_, _, values):
            return Clause(rows.format(f"modality {in_list(len(values))}"), values, 1)
        case WildCard(_, _, pattern):
            wanted = glob("modality", pattern)
            return Clause(rows.format(wanted.sql), wanted.params, 1)
        case _:
            raise InvalidRequest("ModalitiesInStudy is matched by value or wild card")


_STUDY_DOCUMENT = "(SELECT document FROM study_documents WHERE study = s.id)"
_SERIES_DOCUMENT = "(SELECT document FROM series_documents WHERE series = e.id)"
_DOCUMENTS: dict[Level, str] = {
    "study": f"{_STUDY_DOCUMENT}, NULL, NULL",
    "series": f"{_STUDY_DOCUMENT}, {_SERIES_DOCUMENT}, NULL",
    "instance": f"{_STUDY_DOCUMENT}, {_SERIES_DOCUMENT}, i.document",
}


def _in_document(condition: Match, level: Level) -> Clause:
    return Clause(f"document_matches(?, {_DOCUMENTS[level]})", (encoded(condition),), 2)

"""Searches: a query compiled to one statement, its rows made into answers."""

# ruff: noqa: S608 - statements are put together of our own names; values are always parameters

import sqlite3

from isocenter.adapters.index.columns import COLUMNS
from isocenter.adapters.index.documents import loaded, merged, parsed, unpack
from isocenter.adapters.index.queries import PATIENT_NAME, answer_of_instance, asked_of
from isocenter.adapters.index.sqlite import plan
from isocenter.adapters.index.sqlite.conditions import (
    Clause,
    Param,
    among_clause,
    clause_of,
    words_clause,
)
from isocenter.dicom.json_values import JsonObject
from isocenter.errors import InvalidRequest
from isocenter.ports.index import Found, Level, Query

_JOINS: dict[Level, str] = {
    "study": "",
    "series": " CROSS JOIN series e ON e.study = s.id",
    "instance": " CROSS JOIN series e ON e.study = s.id CROSS JOIN instances i ON i.series = e.id",
}
_VISIBLE: dict[Level, str] = {
    "study": "s.visible = 1",
    "series": "s.visible = 1 AND e.visible = 1",
    "instance": "i.visible = 1",
}
_ORDER: dict[Level, str] = {
    "study": "{moment} DESC, s.uid",
    "series": "{moment} DESC, s.uid, e.series_number, e.uid",
    "instance": "{moment} DESC, s.uid, e.series_number, e.uid, i.instance_number, i.sop",
}
_KEYS: dict[Level, str] = {
    "study": "s.id AS s",
    "series": "s.id AS s, e.id AS e",
    "instance": "s.id AS s, e.id AS e, i.id AS i",
}
_STUDY_CONTENT = "CROSS JOIN studies s ON s.id = f.s LEFT JOIN study_documents sd ON sd.study = f.s"
_SERIES_CONTENT = (
    "CROSS JOIN series e ON e.id = f.e LEFT JOIN series_documents ed ON ed.series = f.e"
)
_FETCH: dict[Level, str] = {
    "study": f"SELECT s.uid, '', '', s.edit_version, sd.{{0}} FROM ({{1}}) f {_STUDY_CONTENT}",
    "series": "SELECT s.uid, e.uid, '', s.edit_version, sd.{0}, ed.{0} "
    f"FROM ({{1}}) f {_STUDY_CONTENT} {_SERIES_CONTENT}",
    "instance": "SELECT s.uid, e.uid, i.sop, s.edit_version, sd.{0}, ed.{0}, i.document "
    f"FROM ({{1}}) f {_STUDY_CONTENT} {_SERIES_CONTENT} CROSS JOIN instances i ON i.id = f.i",
}
_DEPTH: dict[Level, int] = {"study": 0, "series": 1, "instance": 2}


def search(connection: sqlite3.Connection, query: Query) -> list[Found]:
    """Run a search; see `ports.index.IndexReader.search`."""
    asked = asked_of(query)
    source = plan.choose(connection, asked, ordered=not asked.order)
    where, params = _where(asked, source)
    keys = (
        f"SELECT {_KEYS[query.level]} FROM {source.sql}{_JOINS[query.level]} WHERE {where} "
        f"ORDER BY {_order(asked, source)} LIMIT ? OFFSET ?"
    )
    content = "document" if query.full else "answer"
    sql = _FETCH[query.level].format(content, keys)
    rows = connection.execute(sql, (*source.params, *params, query.limit, query.offset)).fetchall()
    return [_found(query, row) for row in rows]


def count(connection: sqlite3.Connection, query: Query, at_most: int) -> int:
    """Count matches, at most that many."""
    asked = asked_of(query)
    source = plan.choose_for_count(connection, asked)
    where, params = _where(asked, source)
    rows = f"SELECT 1 FROM {source.sql}{_JOINS[query.level]} WHERE {where} LIMIT ?"
    sql = f"SELECT count(*) FROM ({rows})"
    return int(connection.execute(sql, (*source.params, *params, at_most)).fetchone()[0])


def _where(query: Query, source: plan.Source) -> tuple[str, list[Param]]:
    clauses: list[Clause] = [
        clause_of(condition, query.level)
        for condition in query.conditions
        if condition is not source.covers
    ]
    if query.words and not source.covers_words:
        clauses.append(words_clause(query.words))
    if query.among is not None:
        clauses.append(among_clause(query.among))
    clauses.sort(key=lambda clause: clause.cost)
    sql = " AND ".join([_VISIBLE[query.level], *(f"({clause.sql})" for clause in clauses)])
    params = [param for clause in clauses for param in clause.params]
    return sql.replace(plan.MOMENT, source.moment), params


def _order(query: Query, source: plan.Source) -> str:
    default = _ORDER[query.level].format(moment=source.moment)
    if not query.order:
        return default
    terms = [_term(tag, query.level) for tag in query.order]
    uids = ("s.uid", "e.uid", "i.sop")[: _DEPTH[query.level] + 1]
    return ", ".join([*terms, *reversed(uids)])


def _term(tag: str, level: Level) -> str:
    descending = tag.startswith("-")
    name = tag.removeprefix("-")
    column = COLUMNS[level].get(name)
    if name == PATIENT_NAME:
        expression = "s.patient_name"
    elif column is None:
        raise InvalidRequest("cannot sort by this attribute at this level")
    else:
        expression = column.moment or column.name
    return f"{expression} DESC" if descending else expression


def _found(query: Query, row: tuple[str, str, str, int, *tuple[bytes | None, ...]]) -> Found:
    study, series, sop, edit_version, *contents = row
    return Found(study, series, sop, _content(query, contents), edit_version)


def _content(query: Query, contents: list[bytes | None]) -> bytes:
    """The match's own attributes, and those of the levels above that the path of the query does not name."""
    *above, own = contents
    if own is None:
        return b"{}"
    named = (query.study_instance_uid, query.series_instance_uid)
    joined = [
        _read(content, packed=query.full)
        for content, uid in zip(above, named, strict=False)
        if uid is None and content is not None
    ]
    if query.level == "instance":
        return merged(*joined, _of_instance(own, full=query.full))
    if joined:
        return merged(*joined, _read(own, packed=query.full))
    return unpack(own) if query.full else own


def _of_instance(packed: bytes, *, full: bool) -> JsonObject:
    document = parsed(packed)
    if full:
        return document
    return answer_of_instance(document)


def _read(content: bytes, *, packed: bool) -> JsonObject:
    return parsed(content) if packed else loaded(content)

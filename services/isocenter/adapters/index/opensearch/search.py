"""Searches in two steps: which documents match, in order and without their content; then the content of one page."""

from collections.abc import Iterator
from itertools import islice

from isocenter.adapters.index.opensearch.asked import Asked, sort_out
from isocenter.adapters.index.opensearch.checking import checked
from isocenter.adapters.index.opensearch.contents import Contents, Ids
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.join import DEFAULT_SORT, Join
from isocenter.adapters.index.opensearch.names import series_id
from isocenter.adapters.index.opensearch.pages import (
    PAGE,
    SOURCES_PER_PAGE,
    Deadline,
    all_of,
    check_time,
    hits,
)
from isocenter.adapters.index.opensearch.rows import ANSWER, DOCUMENT, bytes_of
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.queries import asked_of
from isocenter.ports.index import Found, Query


def search(generation: Generation, query: Query) -> list[Found]:
    """Run a search; see `ports.index.IndexReader.search`."""
    asked = sort_out(asked_of(query))
    if query.limit == 0:
        return []
    deadline = Deadline()
    if query.level == "study" and not asked.checked and _is_page(query):
        return _page_of_studies(generation, asked, deadline)
    found = _matches(generation, asked, deadline)
    page = list(islice(found, query.offset, query.offset + query.limit))
    contents = (Contents(generation, query, some) for some in _parts(page))
    return [one for some in contents for one in some.found()]


def count(generation: Generation, query: Query, at_most: int) -> int:
    """Count matches, at most that many."""
    asked = sort_out(asked_of(query))
    deadline = Deadline()
    if at_most <= 0:
        return 0
    if asked.needs_join or asked.checked:
        asked.terms.clear()
        return sum(1 for _ in islice(_matches(generation, asked, deadline), at_most))
    kind = asked.kinds[-1]
    body = {
        "size": 0,
        "query": all_of(asked.filters[kind]),
        "track_total_hits": at_most,
        "timeout": f"{deadline.left_ms()}ms",
    }
    answer = generation.server.search(generation.index(kind), body)
    check_time(answer)
    return min(at_most, int(answer["hits"]["total"]["value"]))


def _is_page(query: Query) -> bool:
    return query.offset + query.limit <= PAGE and query.limit <= SOURCES_PER_PAGE


def _matches(generation: Generation, asked: Asked, deadline: Deadline) -> Iterator[Ids]:
    """All matches in order."""
    found = (
        _studies(generation, asked, deadline)
        if asked.level == "study"
        else _below(Join(generation, asked, deadline))
    )
    return checked(generation, asked.checked, found, deadline) if asked.checked else found


def _body_of_studies(asked: Asked) -> Json:
    terms = [{name: "desc" if descending else "asc"} for _, name, descending in asked.terms]
    sort = [*terms, DEFAULT_SORT[-1]] if terms else DEFAULT_SORT
    return {"query": all_of(asked.filters["studies"]), "sort": sort}


def _studies(generation: Generation, asked: Asked, deadline: Deadline) -> Iterator[Ids]:
    most = None if asked.checked else asked.query.offset + asked.query.limit
    body = _body_of_studies(asked)
    index = generation.index("studies")
    for hit in hits(generation.server, index, body, most=most, deadline=deadline):
        yield Ids(hit.id)


def _below(join: Join) -> Iterator[Ids]:
    for row in join.rows():
        if row.instance is not None:
            yield Ids(row.study.id, series_id(*row.instance.sort[:2]), row.instance.id)
        elif row.series is not None:
            yield Ids(row.study.id, row.series.id)


def _page_of_studies(generation: Generation, asked: Asked, deadline: Deadline) -> list[Found]:
    """The most common search, in one step."""
    query = asked.query
    content = DOCUMENT if query.full else ANSWER
    body = _body_of_studies(asked) | {"from": query.offset, "_source": [content, "edit_version"]}
    index = generation.index("studies")
    found = hits(generation.server, index, body, most=query.limit, deadline=deadline)
    return [
        Found(hit.id, "", "", bytes_of(hit.source, content), hit.source["edit_version"])
        for hit in found
    ]


def _parts(page: list[Ids]) -> Iterator[list[Ids]]:
    for start in range(0, len(page), SOURCES_PER_PAGE):
        yield page[start : start + SOURCES_PER_PAGE]

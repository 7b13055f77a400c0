"""Hits one after the other, as many as there are: the server gives no more than 10,000 at once."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from isocenter.adapters.index.opensearch.server import Json, Server
from isocenter.errors import LimitExceeded, Unavailable

PAGE = 10_000  # index.max_result_window
SOURCES_PER_PAGE = 500
SEARCH_LIMIT_S = 10.0


class Hit(NamedTuple):
    """A match: its id, the values it was sorted by, the named clauses it met, what was asked of its source."""

    id: str
    sort: tuple[Any, ...]
    names: frozenset[str]
    source: Json


class Deadline:
    """When a search has taken too long."""

    def __init__(self) -> None:
        self._end = time.monotonic() + SEARCH_LIMIT_S

    def left_ms(self) -> int:
        """Milliseconds left; raises LimitExceeded when there are none."""
        left = int((self._end - time.monotonic()) * 1000)
        if left <= 0:
            raise LimitExceeded("the search takes too long; add a condition that says more")
        return left


def hits(
    server: Server,
    index: str,
    body: Json,
    *,
    most: int | None = None,
    page: int = PAGE,
    deadline: Deadline | None = None,
) -> Iterator[Hit]:
    """All hits of a search, or the first `most`, in the order of `body["sort"]`, whose last key tells all apart.

    What does not fit in a page is read anew from a point in time, so nothing is missed or met twice.
    """
    if most is None or most > page:
        found = _page(server, index, body | {"size": page}, deadline)
        if len(found) == page:
            yield from _from_point_in_time(server, index, body | {"size": page}, most, deadline)
        else:
            yield from found
    elif most > 0:
        yield from _page(server, index, body | {"size": most}, deadline)


def _from_point_in_time(
    server: Server, index: str, body: Json, most: int | None, deadline: Deadline | None
) -> Iterator[Hit]:
    name = server.open_point_in_time(index)
    body = body | {"pit": {"id": name, "keep_alive": "1m"}}
    given, size = 0, body["size"]
    try:
        while True:
            found = _page(server, None, body | {"size": size}, deadline)
            yield from found if most is None else found[: most - given]
            given += len(found)
            if len(found) < size or (most is not None and given >= most):
                return
            if not body.get("_source"):
                size = min(2 * size, PAGE)
            body["search_after"] = list(found[-1].sort)
    finally:
        with suppress(Unavailable):  # it ends by itself
            server.close_point_in_time(name)


def _page(server: Server, index: str | None, body: Json, deadline: Deadline | None) -> list[Hit]:
    limits: Json = {"track_total_hits": False}
    if deadline is not None:
        limits["timeout"] = f"{deadline.left_ms()}ms"
    answer = server.search(index, {"_source": False, **body, **limits})
    check_time(answer)
    return [
        Hit(
            one["_id"],
            tuple(one.get("sort", ())),
            frozenset(one.get("matched_queries", ())),
            one.get("_source", {}),
        )
        for one in hits_in(answer)
    ]


def hits_in(answer: Json) -> list[Json]:
    """The hits of an answer, which leaves out what is empty."""
    found: list[Json] = answer.get("hits", {}).get("hits", [])
    return found


def check_time(answer: Json) -> None:
    """Raise LimitExceeded for an answer that was cut short."""
    if answer.get("timed_out"):
        raise LimitExceeded("the search takes too long; add a condition that says more")


def all_of(filters: Sequence[Json]) -> Json:
    """A query that all of these filter; nothing is scored."""
    return {"bool": {"filter": list(filters)}}

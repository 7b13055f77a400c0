"""What series and study documents are recomputed from, added up by the server."""

from collections.abc import Iterator
from typing import Any

from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.pages import all_of
from isocenter.adapters.index.opensearch.rows import DOCUMENT, bytes_of
from isocenter.adapters.index.opensearch.server import Json
from isocenter.ports.index_rows import SeriesSummary

SERIES_AT_ONCE = 200
MAX_SOP_CLASSES = 1_000


def _first(sort: list[Json], *members: str) -> Json:
    """The first of a series, whole numbers exact: an aggregated maximum would be a float."""
    return {"top_hits": {"size": 1, "sort": sort, "_source": list(members)}}


_OF_SERIES: Json = {
    "newest": _first([{"version": "desc"}], "version"),
    "first": _first(
        [{"first_version": "asc"}, {"sop_instance_uid": "asc"}, {"digest": "asc"}],
        "first_version",
        DOCUMENT,
    ),
    "sop_classes": {"terms": {"field": "sop_class_uid", "size": MAX_SOP_CLASSES}},
}


def summarise(generation: Generation, study: str) -> list[SeriesSummary]:
    """Summaries of the visible instances of a study, by series UID."""
    return [_summary(bucket) for bucket in _buckets(generation, study)]


def _buckets(generation: Generation, study: str) -> Iterator[Json]:
    composite: Json = {
        "size": SERIES_AT_ONCE,
        "sources": [{"series": {"terms": {"field": "series_instance_uid"}}}],
    }
    filters: list[Json] = [{"term": {"visible": True}}, {"term": {"study_instance_uid": study}}]
    while True:
        body: Json = {
            "size": 0,
            "track_total_hits": False,
            "query": all_of(filters),
            "aggs": {"series": {"composite": composite, "aggs": _OF_SERIES}},
        }
        answer = generation.server.search(generation.index("instances"), body)
        found = answer["aggregations"]["series"]
        yield from found["buckets"]
        if "after_key" not in found:
            return
        composite = composite | {"after": found["after_key"]}


def _summary(bucket: Json) -> SeriesSummary:
    newest, first = _source(bucket["newest"]), _source(bucket["first"])
    return SeriesSummary(
        bucket["key"]["series"],
        int(bucket["doc_count"]),
        newest["version"],
        tuple(sorted(one["key"] for one in bucket["sop_classes"]["buckets"])),
        bytes_of(first, DOCUMENT),
        first["first_version"],
    )


def _source(top: Json) -> Any:
    return top["hits"]["hits"][0]["_source"]

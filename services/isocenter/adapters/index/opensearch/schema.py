"""Index templates: how the indices of every generation are made."""

from typing import Any

from isocenter.adapters.index import columns
from isocenter.adapters.index.opensearch.names import Kind, index_name
from isocenter.adapters.index.opensearch.server import Json
from isocenter.adapters.index.opensearch.tokens import FIELD

SCHEMA_VERSION = 5  # an index of another one is rebuilt, never migrated

_WORD: Json = {"type": "keyword"}
_TERM: Json = {"type": "keyword", "doc_values": False}  # found, never sorted or counted
_LONG: Json = {"type": "long"}
_FLAG: Json = {"type": "boolean"}
_ROW: Json = {
    "kind": _WORD,
    "visible": _FLAG,
    "study_instance_uid": _WORD,
    FIELD: _TERM,
}


def _sort_fields(table: dict[str, columns.Column], *more: str) -> Json:
    fields = {
        column.name[2:]: _LONG if column.kind == "number" else _WORD for column in table.values()
    }
    del fields["sop" if "sop" in fields else "uid"]
    moments = [column.moment[2:] for column in table.values() if column.moment is not None]
    return {"properties": fields | dict.fromkeys((*moments, *more), _WORD)}


_PROPERTIES: dict[Kind, Json] = {
    "studies": {
        **_ROW,
        "patient": _TERM,
        "complete": _FLAG,
        "last_change_ms": _LONG,
        "sort": _sort_fields(columns.STUDY, "patient_name"),
    },
    "series": {
        **_ROW,
        "series_instance_uid": _WORD,
        "sort": _sort_fields(columns.SERIES),
    },
    "instances": {
        **_ROW,
        "series_instance_uid": _WORD,
        "sop_instance_uid": _WORD,
        "digest": _WORD,
        "sop_class_uid": _WORD,
        "version": _LONG,
        "first_version": _LONG,
        "sort": _sort_fields(columns.INSTANCE),
    },
    "ledger": {
        "kind": _WORD,
        "key": _WORD,
        "state": _WORD,
        "study": _WORD,
        "version": _LONG,
        "since_ms": _LONG,
    },
}


def template(prefix: str, kind: Kind, shards: int) -> dict[str, Any]:
    """Template of one kind of index. Terms are found by, so they are not kept a second time in `_source`."""
    return {
        "index_patterns": [index_name(prefix, kind, "*")],
        "priority": 500,
        "version": SCHEMA_VERSION,
        "template": {
            "settings": {
                "number_of_shards": shards if kind == "instances" else 1,
                "auto_expand_replicas": "0-1",
                # every write asks for its own refresh; this one is for what a crash left behind
                "refresh_interval": "30s",
                "translog.durability": "request",
                "gc_deletes": "1h",
                "mapping.total_fields.limit": 200,
            },
            "mappings": {
                "dynamic": False,
                "_meta": {"schema_version": SCHEMA_VERSION},
                "_source": {"excludes": [FIELD]},
                "properties": _PROPERTIES[kind],
            },
        },
    }

"""The few things asked of an OpenSearch server, in its client's words. Safe to call from many threads."""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError

from isocenter.adapters.index.opensearch.faults import Pressed, meaning_of, translated, types_in
from isocenter.errors import Unavailable

Json = dict[str, Any]

TIMEOUT_S = 15.0
WRITE_TIMEOUT_S = 60.0
CONNECTIONS = 16
MAX_BULK_BYTES = 8 << 20
MAX_BULK_OPERATIONS = 2_000
MAX_IDS = 1_000  # of one look-up
PAUSES_S = (0.1, 0.4, 1.6)
_BUSY = 429
_ANSWERED = ("status", "_seq_no", "_primary_term", "error.type", "error.caused_by.type")
_FOUND = "-took,-_shards,-hits.hits._index,-hits.hits._score"
_CREATED = "index.creation_date"

for _name in ("opensearch", "opensearchpy.trace"):
    logging.getLogger(_name).disabled = True  # they write down what was asked and answered


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server is and who asks. `ca_file`: trust these authorities instead of the system's."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


class Stored(NamedTuple):
    """A document as it is now, searchable yet or not."""

    source: Json
    version: int
    seq_no: int
    primary_term: int


class Written(NamedTuple):
    """What became of an operation: its HTTP status, and how the document stands now."""

    status: int
    seq_no: int = -1
    primary_term: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """One write. `version`: an older document never replaces a newer. `seen`: only what was seen is replaced."""

    action: Literal["index", "create", "delete"]
    index: str
    id: str
    source: Json | None = None
    version: int | None = None
    seen: tuple[int, int] | None = None  # sequence number and primary term

    @property
    def size(self) -> int:
        """About how many bytes it takes; what is long in a source is text."""
        values = self.source.values() if self.source is not None else ()
        return 300 + sum(len(value) if isinstance(value, str | list) else 24 for value in values)

    def lines(self) -> bytes:
        """The operation as the bulk request has it."""
        head: Json = {"_index": self.index, "_id": self.id, "require_alias": True}
        if self.version is not None:
            head |= {"version": self.version, "version_type": "external_gte"}
        if self.seen is not None:
            head |= {"if_seq_no": self.seen[0], "if_primary_term": self.seen[1]}
        written = _dumped({self.action: head})
        return written if self.source is None else written + _dumped(self.source)


def _dumped(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Server:
    """A server, or the cluster it is of."""

    def __init__(self, access: Access) -> None:
        more: Json = {}
        if access.user:
            more["http_auth"] = (access.user, access.password)
        if access.ca_file:
            more["ca_certs"] = access.ca_file
        self.client = OpenSearch(
            hosts=[{"host": access.host, "port": access.port}],
            use_ssl=access.tls,
            verify_certs=access.tls,
            pool_maxsize=CONNECTIONS,
            timeout=TIMEOUT_S,
            max_retries=1,
            retry_on_timeout=False,
            **more,
        )

    def get(self, index: str, key: str) -> Stored | None:
        """One document."""
        return self.get_all(index, [key]).get(key)

    def get_all(
        self, index: str, ids: Iterable[str], only: Sequence[str] | None = None
    ) -> dict[str, Stored]:
        """Documents by id, those that are there; `only` these members of each."""
        found: dict[str, Stored] = {}
        for some in in_parts(list(ids), MAX_IDS):
            params = {} if only is None else {"_source_includes": ",".join(only)}
            with translated():
                answer = self.client.mget(body={"ids": some}, index=index, params=params)
            for one in answer["docs"]:
                if "error" in one:
                    raise meaning_of(503, types_in(one))
                if one.get("found"):
                    at = one["_version"], one["_seq_no"], one["_primary_term"]
                    found[one["_id"]] = Stored(one.get("_source", {}), *at)
        return found

    def search(self, index: str | None, body: Mapping[str, Any]) -> Json:
        """Run a search on all shards or fail; without an index the body names a point in time."""
        params = {"filter_path": _FOUND}
        if index is not None:
            params["allow_partial_search_results"] = "false"
        with translated():
            answer: Json = self.client.search(body=dict(body), index=index, params=params)
        return answer

    def bulk(self, operations: Sequence[Operation], *, refresh: bool = True) -> list[Written]:
        """Write all, durable on return and with `refresh` searchable.

        404 of a deletion, 409 of an older version or of what stands already are answers like any other; anything else
        that goes wrong with one of them is raised, and those after it may be written or not.
        """
        parts = list(_parts(operations))
        written: list[Written] = []
        for part in parts:
            written += self._written(part, refresh=refresh and len(parts) == 1)
        if refresh and len(parts) > 1:
            self.refresh({operation.index for operation in operations})
        return written

    def _written(self, part: Sequence[Operation], *, refresh: bool) -> list[Written]:
        """Write one request's worth; what the server is too busy for is tried again."""
        written = [Written(_BUSY)] * len(part)
        waiting = list(range(len(part)))
        for pause_s in (*PAUSES_S, None):
            answers = self._bulk([part[place] for place in waiting], refresh=refresh)
            for place, answer in zip(waiting, answers, strict=True):
                written[place] = _written(answer)
            waiting = [place for place in waiting if written[place].status == _BUSY]
            if not waiting:
                return written
            if pause_s is not None:
                time.sleep(pause_s)
        raise Unavailable("the index has no time for writes", retry_after_s=1.0)

    def _bulk(self, part: Sequence[Operation], *, refresh: bool) -> list[Json]:
        params = {
            "refresh": "true" if refresh else "false",
            "filter_path": ",".join(f"items.*.{name}" for name in _ANSWERED),
            "request_timeout": WRITE_TIMEOUT_S,
        }
        body = b"".join(operation.lines() for operation in part)
        try:
            with translated():
                answer = self.client.bulk(body=body, params=params)
        except Pressed:
            return [{"status": _BUSY}] * len(part)
        items = [next(iter(item.values())) for item in answer["items"]]
        if len(items) != len(part):
            raise Unavailable("the index answers for another number of writes")
        return items

    def refresh(self, indices: Iterable[str]) -> None:
        """Make searchable what was written."""
        with translated():
            self.client.indices.refresh(
                index=",".join(sorted(indices)), params={"request_timeout": WRITE_TIMEOUT_S}
            )

    def behind_alias(self, alias: str) -> dict[str, int]:
        """Indices an alias names, each with the server's time in milliseconds when it was made."""
        params = {"flat_settings": "true", "allow_no_indices": "true", "ignore_unavailable": "true"}
        with translated():
            try:
                answer = self.client.indices.get_settings(index=alias, name=_CREATED, params=params)
            except NotFoundError:
                return {}
        return {name: int(one["settings"][_CREATED]) for name, one in answer.items()}

    def open_point_in_time(self, index: str) -> str:
        """Hold on to how an index is now; to be closed."""
        with translated():
            answer = self.client.create_pit(index=index, params={"keep_alive": "1m"})
        return str(answer["pit_id"])

    def close_point_in_time(self, name: str) -> None:
        """Let go of it; gone already is as good."""
        with translated():
            try:
                self.client.delete_pit(body={"pit_id": [name]})
            except NotFoundError:
                return

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def in_parts(items: list[str], size: int) -> Iterator[list[str]]:
    """Split a list."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _parts(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Split into requests of bounded size."""
    part: list[Operation] = []
    size = 0
    for operation in operations:
        length = operation.size
        if part and (size + length > MAX_BULK_BYTES or len(part) >= MAX_BULK_OPERATIONS):
            yield part
            part, size = [], 0
        part.append(operation)
        size += length
    if part:
        yield part


def _written(item: Json) -> Written:
    status = int(item["status"])
    if "error" in item and status not in {409, _BUSY}:
        raise meaning_of(status, types_in(item))
    return Written(status, item.get("_seq_no", -1), item.get("_primary_term", 0))

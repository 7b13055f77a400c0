"""What only the indexer asks of a server: to make, swap and drop indices, and how they are."""

from collections.abc import Iterable, Iterator
from typing import Any

from opensearchpy.exceptions import RequestError

from isocenter.adapters.index.opensearch.faults import translated
from isocenter.adapters.index.opensearch.server import WRITE_TIMEOUT_S, Json, Server

_SLOW: Json = {"request_timeout": WRITE_TIMEOUT_S}
_QUIET: Json = {"ignore_unavailable": "true", "allow_no_indices": "true"}


class Administration:
    """Changes of the cluster's state, and looks at it."""

    def __init__(self, server: Server) -> None:
        self._client = server.client

    def put_template(self, name: str, template: Json) -> None:
        """Say how indices of a name are made."""
        with translated():
            self._client.indices.put_index_template(name=name, body=template, params=_SLOW)

    def create_index(self, name: str, alias: str) -> None:
        """Make an index with an alias of its own; ready when this returns."""
        with translated():
            self._client.indices.create(index=name, body={"aliases": {alias: {}}}, params=_SLOW)

    def update_aliases(self, actions: list[Json]) -> None:
        """Do all of it in one step."""
        with translated():
            self._client.indices.update_aliases(body={"actions": actions}, params=_SLOW)

    def names(self, patterns: Iterable[str]) -> list[str]:
        """Indices whose names fit."""
        with translated():
            answer: Json = self._client.indices.get_settings(
                index=",".join(patterns), name="index.uuid", params=_QUIET
            )
        return sorted(answer)

    def drop(self, names: Iterable[str]) -> None:
        """Remove indices; those that are gone already are as good."""
        with translated():
            self._client.indices.delete(index=",".join(names), params=_SLOW | _QUIET)

    def schema_version(self, index: str) -> int:
        """Version in an index's mapping; 0 for one that has none."""
        with translated():
            answer: Any = self._client.indices.get_mapping(index=index)
        return int(answer[index]["mappings"].get("_meta", {}).get("schema_version", 0))

    def is_healthy(self, indices: str, wait_s: int) -> bool:
        """Wait until all primary shards are there, or for so long."""
        params = {"wait_for_status": "yellow", "timeout": f"{wait_s}s", "ignore": (404, 408)}
        with translated():
            answer: Json = self._client.cluster.health(
                index=indices, params=params | {"request_timeout": wait_s + 10.0}
            )
        return answer.get("timed_out") is False

    def damaged_primaries(self, indices: str) -> Iterator[str]:
        """Indices of which all that is found of a primary shard cannot be read. A shard that no node has may come."""
        with translated():
            shards = self._client.cat.shards(index=indices, params={"format": "json"})
        for shard in shards:
            if shard["prirep"] == "p" and shard["state"] == "UNASSIGNED":
                asked = {"index": shard["index"], "shard": int(shard["shard"]), "primary": True}
                copies = self._copies(asked)
                if copies and all("store_exception" in copy for copy in copies):
                    yield shard["index"]

    def _copies(self, shard: Json) -> list[Json]:
        with translated():
            try:
                answer = self._client.cluster.allocation_explain(body=shard)
            except RequestError:
                return []  # it was assigned meanwhile
        stores = [node.get("store", {}) for node in answer.get("node_allocation_decisions", ())]
        return [store for store in stores if "allocation_id" in store]

"""What a platform keeps on servers: objects and journal in a bucket, rows in OpenSearch. Read with bare clients."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from minio import Minio
from minio.error import S3Error
from tests.support.checker import journal_files, stored
from tests.support.checker.check import Row
from tests.support.checker.journal_files import Line
from tests.support.checker.kept import NotThere
from tests.support.checker.stored import Stored

PAGE = 1_000
AT_ONCE = 4
FIELDS = {
    "study": "study_instance_uid",
    "series": "series_instance_uid",
    "sop": "sop_instance_uid",
    "digest": "digest",
    "key": "object_key",
    "current": "current",
    "held": "held",
    "deleted": "deleted",
}


@dataclass(frozen=True, slots=True)
class OnServers:
    """The cluster platform's. `index_url` is the server's, with http; `prefix` starts the names of its indices."""

    s3: Minio
    bucket: str
    index_url: str
    prefix: str

    def objects(self) -> list[Stored]:
        keys = self._keys("instances/")
        found = zip(keys, self._contents(keys), strict=True)
        return [stored.parse(content, key) for key, content in found if content is not None]

    def lines(self) -> list[Line]:
        return journal_files.at_rest(lambda: self._keys("journal/"), self._contents)

    def rows(self) -> list[Row]:
        found = self._instances()
        return [
            Row(**{ours: document[theirs] for ours, theirs in FIELDS.items()}) for document in found
        ]

    def dirty(self) -> int:
        """Studies that wait to be recomputed."""
        with self._asking() as client:
            index = _serving(client, self.prefix, "ledger")
            _answer(client.post(f"/{index}/_refresh"))
            body = {"query": {"term": {"kind": "dirty"}}}
            return int(_answer(client.post(f"/{index}/_count", json=body))["count"])

    def _keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects(self.bucket, prefix, recursive=True)
        return sorted(str(item.object_name) for item in listed)

    def _contents(self, keys: list[str]) -> list[bytes | None]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._content, keys))

    def _content(self, key: str) -> bytes | None:
        """None when it went away since it was listed: segments are merged."""
        try:
            answer = self.s3.get_object(self.bucket, key)
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            return None
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def _instances(self) -> Iterator[dict[str, Any]]:
        """Every instance's document, in the index that serves."""
        body: dict[str, Any] = {
            "size": PAGE,
            "query": {"term": {"kind": "instance"}},
            "sort": [{"sop_instance_uid": "asc"}, {"digest": "asc"}],
            "_source": list(FIELDS.values()),
        }
        with self._asking() as client:
            index = _serving(client, self.prefix, "instances")
            _answer(client.post(f"/{index}/_refresh"))
            while hits := _answer(client.post(f"/{index}/_search", json=body))["hits"]["hits"]:
                yield from (hit["_source"] for hit in hits)
                body["search_after"] = hits[-1]["sort"]

    @contextmanager
    def _asking(self) -> Iterator[httpx.Client]:
        try:
            with httpx.Client(base_url=self.index_url, timeout=30, trust_env=False) as client:
                yield client
        except httpx.HTTPError as error:
            raise NotThere from error


def _serving(client: httpx.Client, prefix: str, kind: str) -> str:
    """Name of the index of that kind which the alias names."""
    names = [name for name in _answer(client.get(f"/_alias/{prefix}")) if f".{kind}." in name]
    if len(names) != 1:
        raise NotThere
    return str(names[0])


def _answer(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()

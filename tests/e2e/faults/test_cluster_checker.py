"""The checker's readers of servers: of a good run's copy something is taken away, added or changed, and it is named."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
from minio.commonconfig import CopySource
from tests.perf.scans import Maker
from tests.support.checker import journal_files
from tests.support.checker.check import Evidence, check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.checker.servers import OnServers
from tests.support.cluster_platform import ClusterPlatform
from tests.support.sending import Item, Sending, acknowledged

pytestmark = pytest.mark.timeout(600)  # servers are started in it

SIDE = 32
COPY = "checker"
COPIED = ("instances", "ledger")


@dataclass(frozen=True, slots=True)
class Good:
    """A run without a fault: its evidence, and a copy of what is kept, on the same servers."""

    evidence: Evidence
    copy: OnServers

    def read_again(self) -> list[str]:
        kept = self.copy
        return check(
            replace(self.evidence, objects=kept.objects(), journal=kept.lines(), rows=kept.rows())
        )


def copy_bucket(kept: OnServers) -> None:
    kept.s3.make_bucket(COPY)
    for item in kept.s3.list_objects(kept.bucket, recursive=True):
        kept.s3.copy_object(COPY, str(item.object_name), CopySource(kept.bucket, item.object_name))


def copy_index(kept: OnServers) -> None:
    """With the same mappings, under a prefix of its own."""
    with asking(kept) as client:
        for old in client.get(f"/_alias/{kept.prefix}").json():
            kind = old.split(".")[1]
            if kind in COPIED:
                new = f"{COPY}.{kind}.one"
                mappings = client.get(f"/{old}/_mapping").json()[old]["mappings"]
                body = {"mappings": mappings, "aliases": {COPY: {}}}
                client.put(f"/{new}", json=body).raise_for_status()
                told = {"source": {"index": old}, "dest": {"index": new}}
                client.post("/_reindex?refresh=true", json=told).raise_for_status()


def asking(kept: OnServers) -> httpx.Client:
    return httpx.Client(base_url=kept.index_url, timeout=30, trust_env=False)


@pytest.fixture(scope="module")
def good(cluster: ClusterPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    log = tmp_path_factory.mktemp("evidence") / "acknowledged.log"
    sending = Sending(cluster, Maker(77, SIDE, SIDE), [Item(n % 3, n // 3) for n in range(30)], log)
    sending.start()
    sending.finish(60)
    until_indexed(cluster)
    until_told(cluster)
    kept = cluster.kept
    copy_bucket(kept)
    copy_index(kept)
    evidence = collect(cluster, acknowledged(log))
    yield Good(evidence, replace(kept, bucket=COPY, prefix=COPY))
    for item in kept.s3.list_objects(COPY, recursive=True):
        kept.s3.remove_object(COPY, str(item.object_name))
    kept.s3.remove_bucket(COPY)
    with asking(kept) as client:
        client.delete(f"/{COPY}.*").raise_for_status()


def content(kept: OnServers, key: str) -> bytes:
    with kept.s3.get_object(kept.bucket, key) as answer:
        return answer.read()


def put(kept: OnServers, key: str, data: bytes) -> None:
    kept.s3.put_object(kept.bucket, key, io.BytesIO(data), len(data))


def mine(good: Good) -> str:
    """Key of an object of this run."""
    sop = good.evidence.acknowledged[7]
    return next(stored.key for stored in good.evidence.objects if sop in stored.key)


def test_good_run_is_good(good: Good) -> None:
    assert len(set(good.evidence.acknowledged)) == 30
    assert check(good.evidence) == []
    assert good.read_again() == []


def test_missing_object_is_named(good: Good) -> None:
    key, kept = mine(good), good.copy
    data = content(kept, key)
    kept.s3.remove_object(kept.bucket, key)
    assert good.read_again() == [f"receipt without object: {key}"]
    put(kept, key, data)
    assert good.read_again() == []


def test_flipped_bit_is_named(good: Good) -> None:
    key, kept = mine(good), good.copy
    data = content(kept, key)
    put(kept, key, data[:-1] + bytes([data[-1] ^ 1]))
    wrong = good.read_again()
    assert wrong and all(key in sentence for sentence in wrong)
    put(kept, key, data)


def test_object_that_nobody_received_is_named(good: Good) -> None:
    key, kept = mine(good), good.copy
    strange = key.replace("instances/", "instances/9.")
    put(kept, strange, content(kept, key))
    assert good.read_again() == [f"object without receipt: {strange}"]
    kept.s3.remove_object(kept.bucket, strange)


def test_missing_journal_segment_is_named(good: Good) -> None:
    kept, sop = good.copy, good.evidence.acknowledged[7]
    for item in kept.s3.list_objects(kept.bucket, "journal/", recursive=True):
        key = str(item.object_name)
        data = content(kept, key)
        commits = journal_files.parse(key.rpartition("/")[2], data).values()
        if sop in [receipt.sop for one in commits for receipt in journal_files.receipts(one)]:
            kept.s3.remove_object(kept.bucket, key)
            break
    wrong = good.read_again()
    assert f"acknowledged without receipt: {sop}" in wrong
    assert f"row without receipt: {sop}" in wrong
    put(kept, key, data)


def test_missing_row_is_named_and_one_too_many(good: Good) -> None:
    kept, sop = good.copy, good.evidence.acknowledged[5]
    index = f"{COPY}.instances.one"
    with asking(kept) as client:
        query = {"query": {"term": {"sop_instance_uid": sop}}}
        (hit,) = client.post(f"/{index}/_search", json=query).json()["hits"]["hits"]
        client.delete(f"/{index}/_doc/{hit['_id']}").raise_for_status()
        assert f"receipt without row: {sop}" in good.read_again()
        client.put(f"/{index}/_doc/{hit['_id']}", json=hit["_source"]).raise_for_status()
        assert good.read_again() == []
        strange = hit["_source"] | {"sop_instance_uid": f"{sop}.9"}
        client.put(f"/{index}/_doc/strange", json=strange).raise_for_status()
        assert f"row without receipt: {sop}.9" in good.read_again()
        client.delete(f"/{index}/_doc/strange").raise_for_status()

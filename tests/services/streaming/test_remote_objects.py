"""Parts of objects in a real MinIO, kept on this machine: fetched once, whole where asked for, never made up."""

import asyncio
import os
import resource
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.s3_proxy import Proxy, failing, proxied
from tests.support.s3_servers import S3ForTests
from tests.support.s3_stores import IMPATIENT, open_bucket

from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.errors import Corrupted, NotFound, StorageFailed, Unavailable
from isocenter.streaming.remote_objects import BLOCK_BYTES, RemoteObjects

KEY = "a/b"
MANY_BYTES = 1 << 30


@pytest.fixture
def proxy(minio: S3ForTests) -> Iterator[Proxy]:
    with proxied(minio.address) as started:
        yield started


@pytest.fixture
def store(minio: S3ForTests, proxy: Proxy, tmp_path: Path) -> S3Objects:
    bucket = open_bucket(minio, address=proxy.address, patience=IMPATIENT)
    return S3Objects(bucket, LocalSpools(tmp_path))


def put(store: S3Objects, proxy: Proxy, size: int) -> bytes:
    content = os.urandom(size)
    store.put(KEY, content)
    proxy.asked.clear()
    return content


async def test_every_range_is_the_objects_own(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, 3 * BLOCK_BYTES + 77)
    size = len(content)
    remote = RemoteObjects(store, MANY_BYTES)
    edges = sorted({0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, size - 78, size - 1, size})
    for start in edges:
        for end in edges:
            if start <= end:
                assert await remote.piece(KEY, size, start, end) == content[start:end]


async def test_what_is_here_is_not_fetched_again(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, 5 * BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    await remote.piece(KEY, len(content), 2 * BLOCK_BYTES, 2 * BLOCK_BYTES + 9)
    await remote.piece(KEY, len(content), 2 * BLOCK_BYTES + 100, 3 * BLOCK_BYTES)
    assert len(proxy.asked) == 1
    whole = await remote.piece(KEY, len(content), 0, len(content))
    assert sha256(whole).digest() == sha256(content).digest()
    assert len(proxy.asked) == 3  # what was before it, and what was behind
    await remote.piece(KEY, len(content), 17, len(content) - 17)
    assert len(proxy.asked) == 3


async def test_readers_of_the_same_part_share_one_request(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    pieces = await asyncio.gather(
        *(remote.piece(KEY, len(content), n, n + 500) for n in range(0, 5_000, 500))
    )
    assert [bytes(one) for one in pieces] == [content[n : n + 500] for n in range(0, 5_000, 500)]
    assert len(proxy.asked) == 1


async def test_a_reader_that_leaves_takes_nothing_from_others(
    store: S3Objects, proxy: Proxy
) -> None:
    content = put(store, proxy, BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(remote.piece(KEY, len(content), 0, 10))
        staying = group.create_task(remote.piece(KEY, len(content), 10, 20))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == content[10:20]


async def test_after_a_failure_the_part_is_asked_for_again_and_holes_are_never_shown(
    store: S3Objects, proxy: Proxy
) -> None:
    content = put(store, proxy, 2 * BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    honest = proxy.rule
    proxy.rule = lambda _asked, _forward: failing(503, "SlowDown")
    with pytest.raises(Unavailable):
        await remote.piece(KEY, len(content), 0, 100)
    proxy.rule = honest
    assert await remote.piece(KEY, len(content), 0, 100) == content[:100]


async def test_an_object_of_another_size_is_refused(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, 1_000)
    remote = RemoteObjects(store, MANY_BYTES)
    for size in (999, 1_001):
        with pytest.raises(Corrupted):
            await remote.piece(KEY, size, 0, 10)
    assert await remote.piece(KEY, 1_000, 0, 10) == content[:10]


async def test_what_is_not_there_is_said(store: S3Objects) -> None:
    with pytest.raises(NotFound):
        await RemoteObjects(store, MANY_BYTES).piece("a/c", 10, 0, 10)


async def test_no_more_is_kept_than_allowed_and_held_pieces_stay_good(
    store: S3Objects, proxy: Proxy
) -> None:
    contents = {f"x/{n}": os.urandom(BLOCK_BYTES) for n in range(12)}
    for key, content in contents.items():
        store.put(key, content)
    remote = RemoteObjects(store, 4 * BLOCK_BYTES)
    held = {key: await remote.piece(key, BLOCK_BYTES, 0, BLOCK_BYTES) for key in contents}
    assert {key: bytes(piece) for key, piece in held.items()} == contents
    proxy.asked.clear()
    await remote.piece("x/0", BLOCK_BYTES, 0, 1)
    await remote.piece("x/11", BLOCK_BYTES, 0, 1)
    assert [asked.key for asked in proxy.asked] == ["x/0"]


async def test_a_disk_without_room_is_an_error_not_the_end(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, 4 * BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    await remote.piece(KEY, len(content), 0, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (2 * BLOCK_BYTES, hard)
    )  # to the kernel as a full disk
    try:
        with pytest.raises(StorageFailed):
            await remote.piece(KEY, len(content), 3 * BLOCK_BYTES, len(content))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await remote.piece(KEY, len(content), 0, len(content)) == content


async def test_what_was_expected_is_here_or_under_way(store: S3Objects, proxy: Proxy) -> None:
    content = put(store, proxy, BLOCK_BYTES)
    remote = RemoteObjects(store, MANY_BYTES)
    remote.expect("a/nothing", 10)  # fails where nobody listens
    remote.expect(KEY, len(content))
    assert await remote.piece(KEY, len(content), 0, len(content)) == content
    assert [asked.key for asked in proxy.asked].count(KEY) == 1

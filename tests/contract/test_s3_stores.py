"""What the suite does not ask: large objects, certificates, foreign names, wrong keys, and stores that are killed."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
from tests.support.s3_proxy import Asked, Forward, Proxy, Told, failing, proxied
from tests.support.s3_servers import MinioProgram, RunningS3, S3ForTests, running_s3
from tests.support.s3_stores import IMPATIENT, open_bucket, s3_store
from tests.support.small_disk import small_disk
from tests.support.wait import until
from tests.support.writing import write_all

from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.adapters.open import open_objects, probe_objects
from isocenter.adapters.s3 import Bucket, connect, located
from isocenter.adapters.s3.upload import IN_PARTS_FROM_BYTES, PART_BYTES, Uploads
from isocenter.errors import Corrupted, IsocenterError, NotFound, OutOfSpace, Unavailable

MIB = 1 << 20


def bytes_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def unfinished(server: S3ForTests, bucket: str) -> list[str]:
    found = server.client._list_multipart_uploads(bucket).uploads
    return [str(upload.object_name) for upload in found]


@pytest.fixture
def proxy(minio: S3ForTests) -> Iterator[Proxy]:
    with proxied(minio.address) as started:
        yield started


def test_a_large_object_is_sent_in_parts(minio: S3ForTests, proxy: Proxy, tmp_path: Path) -> None:
    content = bytes_of(IN_PARTS_FROM_BYTES + 3)
    bucket = open_bucket(minio, address=proxy.address)
    store = S3Objects(bucket, LocalSpools(tmp_path))

    def put(digest: str) -> int:
        spool = store.spool()
        write_all(spool, content)
        return store.put_file(spool, "large", sha256=digest).size_bytes

    with pytest.raises(Corrupted):
        put(sha256(b"other").hexdigest())
    assert not [asked for asked in proxy.asked if asked.method == "POST"]
    assert put(sha256(content).hexdigest()) == len(content)
    parts = [len(asked.body) for asked in proxy.asked if "partNumber" in asked.query]
    assert sorted(parts) == [3, *[PART_BYTES] * 4]
    seen = sha256()
    for chunk in store.stream("large"):
        seen.update(chunk)
    assert seen.hexdigest() == sha256(content).hexdigest()
    assert store.read("large", PART_BYTES - 2, PART_BYTES + 2) == content[PART_BYTES - 2 :][:4]
    proxy.asked.clear()
    assert put("") == len(content)
    assert [asked.method for asked in proxy.asked] == ["HEAD"]


@pytest.mark.parametrize("damaged", [False, True], ids=["refused", "damaged on the way"])
def test_an_upload_of_which_a_part_fails_is_forgotten(
    minio: S3ForTests, proxy: Proxy, damaged: bool
) -> None:
    bucket = open_bucket(minio, address=proxy.address, patience=IMPATIENT)

    def rule(asked: Asked, forward: Forward) -> Told | None:
        if asked.query.get("partNumber") != ["2"]:
            return forward(asked)
        if not damaged:
            return failing(503, "SlowDown")
        return forward(Asked(asked.method, asked.target, asked.headers, asked.body[:-1] + b"!"))

    proxy.rule = rule
    with pytest.raises(Corrupted if damaged else Unavailable):
        Uploads(bucket).put("large", memoryview(bytes_of(12 * MIB)), 5 * MIB)
    with pytest.raises(NotFound):
        bucket.size_bytes("large")
    assert unfinished(minio, bucket.name) == []


def test_an_upload_whose_last_answer_is_lost_is_found_to_be_done(
    minio: S3ForTests, proxy: Proxy
) -> None:
    bucket = open_bucket(minio, address=proxy.address, patience=IMPATIENT)

    def rule(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        return None if asked.method == "POST" and "uploadId" in asked.query else told

    proxy.rule = rule
    content = bytes_of(7 * MIB)
    Uploads(bucket).put("large", memoryview(content), 5 * MIB)
    assert bucket.read("large") == content


def test_lists_longer_than_a_page_are_whole(versitygw: S3ForTests, tmp_path: Path) -> None:
    store = s3_store(versitygw, tmp_path)
    keys = sorted(f"many/{n % 7}/{n}" for n in range(2100))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: store.put(key, b""), keys))
    assert [info.key for info in store.list("many/")] == keys
    assert [info.key for info in store.list("", keys[1000])] == keys[1001:]


def test_what_others_put_under_names_that_are_no_keys_is_not_listed(
    minio: S3ForTests, tmp_path: Path
) -> None:
    bucket = open_bucket(minio)
    store = S3Objects(bucket, LocalSpools(tmp_path))
    for name in ("a b", ".hidden", "ä", "folder/", "x/.y", "z"):
        bucket.put(name, b"theirs")
    assert [info.key for info in store.list("")] == ["z"]


@pytest.mark.parametrize("kind", ["minio", "versitygw"])
def test_a_missing_bucket_or_a_wrong_secret_never_means_that_an_object_is_missing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    server: S3ForTests = request.getfixturevalue(kind)
    location = located(server.url(server.fresh_bucket()))
    mistaken = [
        Bucket(connect(location, **server.access), "no-such-bucket"),
        Bucket(
            connect(location, access_key=server.access_key, secret_key="x" * 9), location.bucket
        ),
        Bucket(connect(location, access_key="nobody", secret_key="x" * 9), location.bucket),
    ]
    for bucket in mistaken:
        for asking in (bucket.size_bytes, bucket.read):
            with pytest.raises(Unavailable) as refused:
                asking("any")
            assert server.access_key not in str(refused.value)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3ForTests]:
    folder = tmp_path_factory.mktemp("certificates")
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=s3"]
    files = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        "private.key",
        "-out",
        "public.crt",
    ]
    subprocess.run(["openssl", *new, *files], cwd=folder, check=True, capture_output=True)
    with running_s3(MinioProgram(), folder) as server:
        yield server.store


def test_over_https_too_the_store_verifies_what_arrives(secure: S3ForTests, tmp_path: Path) -> None:
    url = secure.url(secure.fresh_bucket())
    store = open_objects(url, spool_folder=str(tmp_path), **secure.access)
    assert probe_objects(store) == ()
    spool = store.spool()
    write_all(spool, b"content")
    with pytest.raises(Corrupted):
        store.put_file(spool, "a", sha256=sha256(b"other").hexdigest())
    spool = store.spool()
    write_all(spool, bytes_of(3 * MIB))
    store.put_file(spool, "a", sha256="")
    assert store.read("a") == b"".join(store.stream("a")) == bytes_of(3 * MIB)


def test_a_certificate_nobody_vouches_for_is_not_trusted(secure: S3ForTests) -> None:
    url = secure.url("any-bucket").partition("?")[0]
    bucket = Bucket(connect(located(url), **secure.access), "any-bucket")
    with pytest.raises(Unavailable, match="certificate"):
        bucket.put("a", b"content")


def test_a_full_spool_is_out_of_space(minio: S3ForTests, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MIB) as folder:
        spool = s3_store(minio, folder).spool()
        with pytest.raises(OutOfSpace):
            write_all(spool, bytes(2 * MIB))
        spool.discard()
        write_all(s3_store(minio, folder).spool(), bytes(MIB // 2))


def test_what_a_dead_process_left_in_the_spool_folder_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path;"
        "from isocenter.adapters.objects.local_spools import LocalSpools;"
        "LocalSpools(Path(sys.argv[1])).new().append(memoryview(bytearray(9)), 9); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list(tmp_path.rglob("*.part"))) == 1
    living = [LocalSpools(tmp_path).new() for _ in range(2)]
    for spool in living:
        write_all(spool, b"content")
    assert {spool.path for spool in living} == set(tmp_path.rglob("*.part"))


def test_who_only_reads_needs_no_place_to_write(minio: S3ForTests, tmp_path: Path) -> None:
    store = s3_store(minio, tmp_path / "never" / "made")
    store.put("a", b"content")
    assert store.read("a") == b"content"
    assert not list(tmp_path.iterdir())


async def test_what_was_acknowledged_outlives_a_kill(
    minio_to_harm: RunningS3, tmp_path: Path
) -> None:
    store = s3_store(minio_to_harm.store, tmp_path)
    acknowledged: list[str] = []
    stop = Event()

    def put(thread: int) -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            key = f"k/{thread}/{n}"
            spool = store.spool()
            write_all(spool, key.encode() * 9000)
            try:
                store.put_file(spool, key, sha256="")
                acknowledged.append(key)
            except IsocenterError:
                continue

    with ThreadPoolExecutor(4) as threads:
        putting = [threads.submit(put, thread) for thread in range(4)]
        for _ in range(3):
            before = len(acknowledged)
            await until(lambda seen=before: len(acknowledged) >= seen + 20, 30)  # type: ignore[misc]
            minio_to_harm.kill()
            minio_to_harm.start()
        stop.set()
        for future in putting:
            future.result()
    listed = {info.key for info in store.list("k/")}
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= listed
    for key in acknowledged:
        assert store.read(key) == key.encode() * 9000


def test_a_store_that_froze_is_away_until_it_answers_again(
    minio_to_harm: RunningS3, tmp_path: Path
) -> None:
    bucket = open_bucket(minio_to_harm.store, patience=IMPATIENT)
    store = S3Objects(bucket, LocalSpools(tmp_path))
    store.put("a", b"content")
    minio_to_harm.freeze()
    try:
        with pytest.raises(Unavailable):
            store.read("a")
    finally:
        minio_to_harm.thaw()
    assert store.read("a") == b"content"

"""A real store behind a proxy that fails, dawdles and hangs up: what is promised holds, and what is unknown is said."""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
from tests.support.s3_proxy import Asked, Forward, Proxy, Rule, Told, failing, honest, proxied
from tests.support.s3_servers import S3ForTests
from tests.support.s3_stores import IMPATIENT, open_bucket
from tests.support.writing import write_all

from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.adapters.s3 import Capabilities
from isocenter.adapters.s3.pool import Patience
from isocenter.errors import (
    Corrupted,
    IsocenterError,
    NotFound,
    OutOfSpace,
    StorageFailed,
    Unavailable,
)
from isocenter.ports.objects import ObjectStore, Spool

KEY = "instances/1.2.840.99999.1/1.2.840.99999.2/1.2.840.99999.3~0.dcm"
CONTENT = bytes(range(256)) * 8000
CONDITIONAL = Capabilities(True, True, True, False)


@pytest.fixture(scope="module")
def started(minio: S3ForTests) -> Iterator[Proxy]:
    with proxied(minio.address) as proxy:
        yield proxy


@pytest.fixture
def proxy(started: Proxy) -> Iterator[Proxy]:
    started.asked.clear()
    yield started
    started.rule = honest


@pytest.fixture(params=[None, CONDITIONAL], ids=["asking first", "conditional"])
def store(
    minio: S3ForTests, proxy: Proxy, tmp_path: Path, request: pytest.FixtureRequest
) -> S3Objects:
    bucket = open_bucket(minio, address=proxy.address, patience=IMPATIENT)
    return S3Objects(bucket, LocalSpools(tmp_path), request.param)


def spooled(store: ObjectStore, content: bytes = CONTENT) -> Spool:
    spool = store.spool()
    write_all(spool, content)
    return spool


def is_put(asked: Asked) -> bool:
    return asked.method == "PUT" and asked.is_object


def is_get(asked: Asked) -> bool:
    return asked.method == "GET" and asked.is_object


def at_first(number: int, matches: Callable[[Asked], bool], instead: Rule) -> Rule:
    """The first so many requests that match go by another rule."""
    left = [number]

    def rule(asked: Asked, forward: Forward) -> Told | None:
        if not matches(asked) or not left[0]:
            return forward(asked)
        left[0] -= 1
        return instead(asked, forward)

    return rule


def answer_lost(asked: Asked, forward: Forward) -> Told | None:
    forward(asked)
    return None


def hang_up(asked: Asked, forward: Forward) -> Told | None:
    del asked, forward
    return None


def refuse(status: int, code: str) -> Rule:
    return lambda _, __: failing(status, code)


@pytest.mark.parametrize(
    "fault",
    [refuse(503, "SlowDown"), refuse(500, "InternalError"), hang_up, answer_lost],
    ids=["busy", "error", "hung up", "answer lost"],
)
def test_what_fails_twice_is_stored_at_the_third_attempt(
    store: S3Objects, proxy: Proxy, fault: Rule
) -> None:
    proxy.rule = at_first(2, is_put, fault)
    info = store.put_file(spooled(store), KEY, sha256="")
    assert (info.key, info.size_bytes) == (KEY, len(CONTENT))
    assert store.read(KEY) == CONTENT
    proxy.rule = at_first(2, is_put, fault)
    store.put("settings", b"content")
    assert store.read("settings") == b"content"


@pytest.mark.parametrize("fault", [refuse(503, "SlowDown"), hang_up], ids=["busy", "hung up"])
def test_a_write_that_never_succeeds_has_an_unknown_outcome_and_a_read_has_none(
    store: S3Objects, proxy: Proxy, fault: Rule
) -> None:
    store.put(KEY, CONTENT)
    proxy.rule = fault
    with pytest.raises(StorageFailed):
        store.put("settings", b"content")
    with pytest.raises((StorageFailed, Unavailable)):
        store.put_file(spooled(store), "other", sha256="")
    with pytest.raises(StorageFailed):
        store.delete(KEY)
    for reading in (store.read, store.stat, store.stream, lambda _: list(store.list(""))):
        with pytest.raises(Unavailable):
            reading(KEY)


def test_a_store_that_finds_nothing_to_delete_has_deleted_it(
    store: S3Objects, proxy: Proxy
) -> None:
    proxy.rule = refuse(404, "NoSuchKey")
    store.delete(KEY)
    proxy.rule = refuse(404, "NoSuchBucket")
    with pytest.raises(Unavailable):
        store.delete(KEY)


def test_a_full_store_wrote_nothing(store: S3Objects, proxy: Proxy) -> None:
    proxy.rule = at_first(1, is_put, refuse(507, "XMinioStorageFull"))
    with pytest.raises(OutOfSpace):
        store.put("settings", b"content")
    with pytest.raises(NotFound):
        store.stat("settings")


def test_a_store_that_is_full_after_a_lost_answer_may_have_written(
    store: S3Objects, proxy: Proxy
) -> None:
    full = at_first(9, is_put, refuse(507, "XMinioStorageFull"))
    lost = at_first(1, is_put, answer_lost)
    proxy.rule = lambda asked, forward: (
        lost(asked, forward)
        if not [a for a in proxy.asked[:-1] if is_put(a)]
        else full(asked, forward)
    )
    with pytest.raises(StorageFailed):
        store.put("settings", b"content")
    assert store.read("settings") == b"content"


def test_a_silent_store_is_not_waited_for_beyond_our_patience(
    store: S3Objects, proxy: Proxy
) -> None:
    woken = Event()

    def silent(asked: Asked, forward: Forward) -> Told | None:
        woken.wait()
        return forward(asked)

    proxy.rule = silent
    begun = time.monotonic()
    with pytest.raises(StorageFailed):
        store.put("settings", b"content")
    with pytest.raises(Unavailable):
        store.read("settings")
    woken.set()
    assert time.monotonic() - begun < 2 * (IMPATIENT.budget_s + IMPATIENT.read_s) + 1


def test_nothing_is_tried_again_once_the_time_for_it_is_over(
    minio: S3ForTests, proxy: Proxy
) -> None:
    hasty = Patience(attempts=100, budget_s=0.2, first_pause_s=0.05, longest_pause_s=0.05)
    bucket = open_bucket(minio, address=proxy.address, patience=hasty)
    proxy.asked.clear()
    proxy.rule = hang_up
    with pytest.raises(StorageFailed):
        bucket.put("settings", b"content")
    assert 2 <= len(proxy.asked) <= 8


def test_where_nobody_listens_nothing_was_written(minio: S3ForTests, tmp_path: Path) -> None:
    bucket = open_bucket(minio, "any-bucket", address="http://127.0.0.1:9", patience=IMPATIENT)
    store = S3Objects(bucket, LocalSpools(tmp_path))
    with pytest.raises(Unavailable):
        store.put("settings", b"content")
    with pytest.raises(Unavailable):
        store.put_file(spooled(store), KEY, sha256="")


def cut(after: int) -> Rule:
    def rule(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        return Told(told.status, told.headers, told.body, cut_after=after)

    return rule


def test_an_answer_that_breaks_off_is_asked_for_again(store: S3Objects, proxy: Proxy) -> None:
    store.put(KEY, CONTENT)
    proxy.rule = at_first(2, is_get, cut(1000))
    assert store.read(KEY) == CONTENT
    proxy.rule = at_first(2, is_get, cut(1000))
    assert store.read(KEY, 5, 90_000) == CONTENT[5:90_000]
    proxy.rule = cut(1000)
    with pytest.raises(Unavailable):
        store.read(KEY)


def test_a_stream_goes_on_where_it_broke_off(store: S3Objects, proxy: Proxy) -> None:
    content = CONTENT * 3
    store.put(KEY, content)
    proxy.asked.clear()
    proxy.rule = at_first(4, is_get, cut(1_500_000))
    assert b"".join(store.stream(KEY, 7, len(content) - 1)) == content[7:-1]
    starts = [int(a.header("Range").partition("=")[2].split("-")[0]) for a in proxy.asked]
    assert starts == sorted(set(starts))
    assert len(starts) == 5
    proxy.rule = cut(0)
    with pytest.raises(Unavailable):
        list(store.stream(KEY))


def test_a_stream_never_joins_two_contents(store: S3Objects, proxy: Proxy) -> None:
    store.put(KEY, CONTENT)
    proxy.rule = at_first(1, is_get, cut(1_500_000))
    taken = store.stream(KEY)
    next(taken)
    store.put(KEY, CONTENT[::-1])
    with pytest.raises(Unavailable):
        list(taken)


def test_bytes_that_are_not_those_of_the_hash_are_not_stored(store: S3Objects) -> None:
    with pytest.raises(Corrupted):
        store.put_file(spooled(store), KEY, sha256=sha256(b"other").hexdigest())
    with pytest.raises(NotFound):
        store.stat(KEY)
    store.put_file(spooled(store), KEY, sha256=sha256(CONTENT).hexdigest())


def test_bytes_that_are_damaged_on_the_way_are_not_stored(store: S3Objects, proxy: Proxy) -> None:
    def damage(asked: Asked, forward: Forward) -> Told | None:
        damaged = asked.body[:-1] + b"!" if is_put(asked) else asked.body
        return forward(Asked(asked.method, asked.target, asked.headers, damaged))

    proxy.rule = damage
    with pytest.raises(Corrupted):
        store.put_file(spooled(store), KEY, sha256="")
    with pytest.raises(Corrupted):
        store.put(KEY, CONTENT)
    with pytest.raises(NotFound):
        store.stat(KEY)


def test_a_spool_that_could_not_be_put_is_put_when_the_store_is_back(
    store: S3Objects, proxy: Proxy, tmp_path: Path
) -> None:
    spool = spooled(store)
    proxy.rule = hang_up
    with pytest.raises(IsocenterError):
        store.put_file(spool, KEY, sha256="")
    proxy.rule = honest
    store.put_file(spool, KEY, sha256="")
    assert store.read(KEY) == CONTENT
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("status", [200, 206], ids=["as a whole", "as the range"])
def test_an_answer_of_more_than_was_asked_for_is_not_taken(
    store: S3Objects, proxy: Proxy, status: int
) -> None:
    store.put(KEY, CONTENT)
    proxy.rule = lambda asked, forward: (
        Told(status, []).replaced(CONTENT) if is_get(asked) else forward(asked)
    )
    for reading in (store.read, store.stream):
        with pytest.raises(Unavailable):
            reading(KEY, 1, 100)
        if status == 200:
            with pytest.raises(Unavailable, match="ranges"):
                reading(KEY, 1)


def test_what_was_copied_in_part_is_not_moved(store: S3Objects, proxy: Proxy) -> None:
    store.put(KEY, CONTENT)

    def halve(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        is_copy = asked.method == "HEAD" and asked.key == "purged"
        return told.length(len(CONTENT) // 2) if is_copy else told

    proxy.rule = halve
    with pytest.raises(StorageFailed):
        store.move(KEY, "purged")
    assert store.read(KEY) == CONTENT


def test_keys_listed_out_of_order_are_refused(store: S3Objects, proxy: Proxy) -> None:
    for key in ("x/1", "x/2"):
        store.put(key, b"")

    def swap(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        body = told.body.replace(b"x/1<", b"x/3<") if "list-type" in asked.query else told.body
        return told.replaced(body)

    assert len(list(store.list("x/"))) == 2
    proxy.rule = swap
    with pytest.raises(Unavailable, match="out of order"):
        list(store.list("x/"))


def test_an_answer_without_end_is_not_taken(store: S3Objects, proxy: Proxy) -> None:
    def padded(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        return told.replaced(told.body + b" " * (9 << 20))

    proxy.rule = padded
    with pytest.raises(Unavailable, match="too long"):
        list(store.list(""))


def test_an_answer_that_is_none_of_s3_is_said_to_be_so(store: S3Objects, proxy: Proxy) -> None:
    proxy.rule = lambda _, __: Told(418, [("Content-Type", "text/html")]).replaced(b"<p>teapot")
    with pytest.raises(Unavailable):
        store.read(KEY)
    proxy.rule = lambda _, __: Told(200, []).replaced(b"no list")
    with pytest.raises(Unavailable):
        list(store.list(""))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 416, 500, 507])
def test_no_error_repeats_a_key_or_what_the_store_wrote(
    store: S3Objects, proxy: Proxy, status: int
) -> None:
    told = failing(status, "Private1.2.840.99999")
    proxy.rule = lambda _, __: told
    calls: list[Callable[[], object]] = [
        lambda: store.put(KEY, b"x"),
        lambda: store.read(KEY),
        lambda: store.stat(KEY),
        lambda: store.move(KEY, "x"),
        lambda: store.delete(KEY),
        lambda: store.put_file(spooled(store), KEY, sha256=""),
        lambda: list(store.list("")),
    ]
    for call in calls:
        with pytest.raises(IsocenterError) as raised:
            call()
        assert "99999" not in f"{raised.value} {raised.value.fields}"
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__

"""What a start finds out of a store: real ones as they are, and a real one behind a proxy that lies."""

from collections.abc import Callable, Iterator

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from tests.support import s3_lies as lies
from tests.support.s3_proxy import Proxy, Rule, failing, honest, proxied
from tests.support.s3_servers import MinioProgram, S3ForTests, running_s3
from tests.support.s3_stores import IMPATIENT, open_bucket

from isocenter.adapters.s3 import UnfitStore, probe
from isocenter.adapters.s3.drives import NOT_SYNCING, NOT_TOLD
from isocenter.errors import OutOfSpace, Unavailable


@pytest.fixture(scope="module")
def proxy(minio: S3ForTests) -> Iterator[Proxy]:
    with proxied(minio.address) as started:
        yield started


@pytest.fixture(autouse=True)
def _honest(proxy: Proxy) -> Iterator[None]:
    yield
    proxy.rule = honest


def test_a_synced_minio_can_do_everything_and_nothing_is_to_be_warned_of(minio: S3ForTests) -> None:
    bucket = open_bucket(minio)
    found = probe(bucket)
    assert found.conditional_put
    assert found.verified_payload
    assert found.verified_checksum
    assert found.versioning is False
    assert found.warnings == ()
    assert list(bucket.pages("", "")) == [[]]


def test_versitygw_can_do_everything_too(versitygw: S3ForTests) -> None:
    found = probe(open_bucket(versitygw))
    assert (found.conditional_put, found.verified_payload, found.verified_checksum) == (True,) * 3
    assert found.warnings == ()


def test_a_minio_on_one_drive_that_does_not_sync_is_warned_of() -> None:
    with running_s3(MinioProgram(is_synced=False)) as server:
        assert probe(open_bucket(server.store)).warnings == (NOT_SYNCING,)


def test_a_minio_that_does_not_tell_our_key_how_it_runs_is_warned_of(
    minio: S3ForTests, proxy: Proxy
) -> None:
    proxy.rule = lambda asked, forward: (
        failing(403, "AccessDenied") if "/minio/admin/" in asked.target else forward(asked)
    )
    assert probe(open_bucket(minio, address=proxy.address)).warnings == (NOT_TOLD,)


def test_old_versions_that_stay_are_warned_of(minio: S3ForTests) -> None:
    bucket = open_bucket(minio)
    minio.client.set_bucket_versioning(bucket.name, VersioningConfig(ENABLED))
    found = probe(bucket)
    assert found.versioning
    assert found.conditional_put
    (warning,) = found.warnings
    assert "old versions" in warning


def test_a_store_that_verifies_nothing_is_warned_of(minio: S3ForTests, proxy: Proxy) -> None:
    name = minio.fresh_bucket()
    proxy.rule = lies.store_unseen(minio.client, name)
    found = probe(open_bucket(minio, name, address=proxy.address))
    assert (found.conditional_put, found.verified_payload, found.verified_checksum) == (False,) * 3
    (warning,) = found.warnings
    assert "does not verify" in warning


Lie = Callable[[Minio, str], Rule]


@pytest.mark.parametrize(
    ("lie", "names"),
    [
        (lambda *_: lies.swallow, ["acknowledges without storing"]),
        (lambda *_: lies.truncate, ["truncates"]),
        (lambda *_: lies.alter, ["alters what it stores"]),
        (lambda *_: lies.list_late(), ["lists late"]),
        (lambda *_: lies.shift_ranges, ["does not answer ranges"]),
        (lies.ignore_ranges, ["does not answer ranges"]),
        (lambda *_: lies.answer_stale(), ["answers with what was replaced"]),
        (lambda *_: lies.keep_deleted, ["answers with what is deleted", "lists what is deleted"]),
        (lambda *_: lies.lose_parts, ["does not keep uploads in parts"]),
    ],
    ids=[
        "swallow",
        "truncate",
        "alter",
        "list late",
        "shift ranges",
        "ignore ranges",
        "stale",
        "deleted",
        "parts",
    ],
)
def test_a_store_that_lies_is_refused_by_the_name_of_its_lie(
    minio: S3ForTests, proxy: Proxy, lie: Lie, names: list[str]
) -> None:
    name = minio.fresh_bucket()
    proxy.rule = lie(minio.client, name)
    with pytest.raises(UnfitStore) as refused:
        probe(open_bucket(minio, name, address=proxy.address))
    assert list(refused.value.lies) == names
    assert all(each in str(refused.value) for each in names)


def test_every_lie_is_told_at_once(minio: S3ForTests, proxy: Proxy) -> None:
    late = lies.list_late()
    proxy.rule = lambda asked, forward: late(
        asked, lambda again: lies.truncate(again, forward) or failing(500, "InternalError")
    )
    with pytest.raises(UnfitStore) as refused:
        probe(open_bucket(minio, address=proxy.address))
    assert refused.value.lies == ("truncates", "lists late")


def test_a_store_that_is_away_or_full_is_not_called_a_liar(minio: S3ForTests, proxy: Proxy) -> None:
    bucket = open_bucket(minio, address=proxy.address, patience=IMPATIENT)
    proxy.rule = lambda _, __: None
    with pytest.raises(Unavailable):
        probe(bucket)
    proxy.rule = lambda asked, forward: (
        failing(507, "XMinioStorageFull") if asked.method == "PUT" else forward(asked)
    )
    with pytest.raises(OutOfSpace):
        probe(bucket)


def test_a_bucket_that_is_not_there_is_said_to_be_missing(minio: S3ForTests) -> None:
    with pytest.raises(Unavailable, match="no such bucket"):
        probe(open_bucket(minio, "no-such-bucket"))

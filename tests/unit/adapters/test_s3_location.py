"""Where a bucket is, and what has to be said besides."""

from pathlib import Path

import pytest

from isocenter.adapters.open import open_objects
from isocenter.adapters.s3 import Location, located
from isocenter.errors import InvalidRequest

ACCESS = {"access_key": "key", "secret_key": "the-secret", "spool_folder": "/nowhere"}


def test_a_url_names_server_bucket_region_and_certificates() -> None:
    assert located("s3+http://minio:9000/site-a") == Location("minio:9000", False, "site-a")
    url = "s3+https://s3.example.org/b.1?region=eu-central-1&ca_file=/etc/ca.crt"
    assert located(url) == Location("s3.example.org", True, "b.1", "eu-central-1", "/etc/ca.crt")


@pytest.mark.parametrize(
    "url",
    [
        "s3://host/bucket",
        "s3+http://host",
        "s3+http://host/",
        "s3+http:///bucket",
        "s3+http://host/Bucket",
        "s3+http://host/bucket/folder",
        "s3+http://host/bu",
        "s3+http://host:port/bucket",
        "s3+http://host:0/bucket",
        "s3+http://host:99999/bucket",
        "s3+http://host/bucket#x",
        "s3+http://host/bucket?regoin=x",
        "s3+http://host/bucket?region=x&region=y",
        "s3+http://host/bucket?region=",
        "s3+http://host/bucket?secret_key=x",
    ],
)
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        open_objects(url, **ACCESS)


def test_a_url_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(InvalidRequest) as refused:
        open_objects("s3+http://key:the-secret@host/bucket", **ACCESS)
    assert "the-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("missing", "setting"),
    [
        ("access_key", "ISOCENTER_OBJECTS_ACCESS_KEY"),
        ("secret_key", "ISOCENTER_OBJECTS_SECRET_KEY"),
        ("spool_folder", "ISOCENTER_SPOOL_FOLDER"),
    ],
)
def test_what_is_missing_is_named(missing: str, setting: str) -> None:
    with pytest.raises(InvalidRequest, match=setting) as refused:
        open_objects("s3+http://host/bucket", **{**ACCESS, missing: ""})
    assert "the-secret" not in str(refused.value)


def test_certificates_that_are_not_there_are_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="certificates"):
        open_objects(f"s3+https://host/bucket?ca_file={tmp_path}/none.crt", **ACCESS)

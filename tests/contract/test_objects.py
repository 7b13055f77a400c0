"""The object stores that are there, each under the same suite."""

from pathlib import Path

import pytest
from tests.contract.objects_suite import ObjectStoreSuite
from tests.support.s3_servers import S3ForTests
from tests.support.s3_stores import open_bucket, s3_store

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.adapters.s3 import Capabilities, probe
from isocenter.ports.objects import ObjectStore


class TestFilesystemObjects(ObjectStoreSuite):
    @pytest.fixture(autouse=True)
    def _root(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def make(self) -> ObjectStore:
        return FilesystemObjects(self.root)


class S3Suite(ObjectStoreSuite):
    """On a bucket of its own, of a store that was not probed yet."""

    server: S3ForTests
    known: Capabilities | None = None

    @pytest.fixture(autouse=True)
    def _spool_folder(self, tmp_path: Path) -> None:
        self.spool_folder = tmp_path

    def make(self) -> S3Objects:
        return s3_store(self.server, self.spool_folder, self.known)

    def test_it_is_known_what_the_store_can_do(self) -> None:
        is_probed = type(self).__name__.startswith("TestProbed")
        assert (self.known is not None and self.known.conditional_put) == is_probed


class TestMinioObjects(S3Suite):
    @pytest.fixture(autouse=True)
    def _server(self, minio: S3ForTests) -> None:
        self.server = minio


class TestVersitygwObjects(S3Suite):
    @pytest.fixture(autouse=True)
    def _server(self, versitygw: S3ForTests) -> None:
        self.server = versitygw


class TestProbedMinioObjects(TestMinioObjects):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _probed(cls, minio: S3ForTests) -> None:
        cls.known = probe(open_bucket(minio))


class TestProbedVersitygwObjects(TestVersitygwObjects):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _probed(cls, versitygw: S3ForTests) -> None:
        cls.known = probe(open_bucket(versitygw))

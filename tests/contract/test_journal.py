"""The journals that are there, each under the same suite."""

from pathlib import Path

import pytest
from tests.contract.journal_suite import JournalSuite
from tests.support.s3_servers import S3ForTests

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.adapters.open import open_journal
from isocenter.ports.journal import Journal
from isocenter.runtime.clock import HybridClock


class TestFileJournal(JournalSuite):
    @pytest.fixture(autouse=True)
    def _root(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def make(self) -> Journal:
        return FileJournal(self.root, HybridClock())


class TestJournalOfFilesystemObjects(JournalSuite):
    @pytest.fixture(autouse=True)
    def _root(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def make(self) -> Journal:
        return ObjectJournal(FilesystemObjects(self.root), HybridClock())


class S3Suite(JournalSuite):
    """In a bucket of its own, opened by its URL as processes do."""

    server: S3ForTests

    @pytest.fixture(autouse=True)
    def _bucket(self, tmp_path: Path) -> None:
        self.url = self.server.url(self.server.fresh_bucket())
        self.access = {
            "access_key": self.server.access_key,
            "secret_key": self.server.secret_key,
            "spool_folder": str(tmp_path),
        }

    def make(self) -> Journal:
        return open_journal(self.url, HybridClock(), **self.access)


class TestJournalOnMinio(S3Suite):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, minio: S3ForTests) -> None:
        cls.server = minio


class TestJournalOnVersitygw(S3Suite):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, versitygw: S3ForTests) -> None:
        cls.server = versitygw

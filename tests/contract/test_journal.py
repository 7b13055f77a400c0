"""The journals that are there, each under the same suite."""

from pathlib import Path

import pytest
from tests.contract.journal_suite import JournalSuite

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
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

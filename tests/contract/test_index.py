"""The MetadataIndex contract on SQLite."""

from pathlib import Path

import pytest
from tests.contract.index_suite import IndexSuite, Opened

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader


class TestSqliteIndex(IndexSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.made = 0

    def make(self) -> Opened:
        self.made += 1
        folder = self.folder / f"index-{self.made}"
        return Opened(SqliteGenerations(folder), lambda: SqliteReader(folder))

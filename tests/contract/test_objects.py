"""The object stores that are there, each under the same suite."""

from pathlib import Path

import pytest
from tests.contract.objects_suite import ObjectStoreSuite

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.ports.objects import ObjectStore


class TestFilesystemObjects(ObjectStoreSuite):
    @pytest.fixture(autouse=True)
    def _root(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def make(self) -> ObjectStore:
        return FilesystemObjects(self.root)

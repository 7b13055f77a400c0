"""What holds for all tests."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

MANY_FILES = 200  # pynetdicom waits by select(), which knows descriptors below 1,024 only


@pytest.fixture(autouse=True)
def _files_of_dropped_journals_are_closed() -> Iterator[None]:
    """Journals and indexes that a test dropped let go of their files when they are collected: see to it in time."""
    yield
    if len(list(Path("/proc/self/fd").iterdir())) > MANY_FILES:
        gc.collect()

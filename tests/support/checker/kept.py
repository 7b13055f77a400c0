"""What a platform keeps, read behind its back: objects, journal, index. In a folder here; on servers in `servers`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.support.checker import index_rows, journal_files, stored
from tests.support.checker.check import Row
from tests.support.checker.journal_files import Line
from tests.support.checker.stored import Stored


class NotThere(Exception):
    """No index serves this moment, or its server does not answer."""


class Kept(Protocol):
    """`rows` and `dirty` raise NotThere."""

    def objects(self) -> list[Stored]: ...

    def lines(self) -> list[Line]: ...

    def rows(self) -> list[Row]: ...

    def dirty(self) -> int: ...


@dataclass(frozen=True, slots=True)
class InFolders:
    """The embedded platform's."""

    archive: Path
    index: Path

    def objects(self) -> list[Stored]:
        return stored.instances(self.archive)

    def lines(self) -> list[Line]:
        return journal_files.lines(self.archive)

    def rows(self) -> list[Row]:
        with _there():
            return index_rows.rows(self.index)

    def dirty(self) -> int:
        """Studies that wait to be recomputed."""
        with _there():
            return index_rows.dirty(self.index)


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, sqlite3.OperationalError) as error:
        raise NotThere from error

"""What SQLite's errors mean to the platform."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from isocenter.errors import (
    Corrupted,
    IsocenterError,
    LimitExceeded,
    OutOfSpace,
    StorageFailed,
    Unavailable,
)

_PRIMARY = 0xFF


def _meaning(error: sqlite3.Error) -> IsocenterError:
    # No text of SQLite's goes on: it may quote values.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    match code & _PRIMARY:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Corrupted(f"the index cannot be read ({name}); rebuild it")
        case sqlite3.SQLITE_FULL:
            return OutOfSpace("no room for the index")
        case sqlite3.SQLITE_INTERRUPT:
            return LimitExceeded(
                "the search takes too long; add a condition on an indexed attribute"
            )
        case sqlite3.SQLITE_IOERR if code == sqlite3.SQLITE_IOERR_FSYNC:
            return StorageFailed("the index could not be synced")
        case _:
            return Unavailable(f"the index does not answer ({name})")


@contextmanager
def translated() -> Iterator[None]:
    """Raise the platform's errors for SQLite's."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error) from error

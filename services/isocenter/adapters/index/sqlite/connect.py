"""Connections to one index file: one that writes, many that only read."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from isocenter.adapters.index.sqlite.document_match import document_matches, words_begin
from isocenter.adapters.index.sqlite.schema import SCHEMA, SCHEMA_VERSION
from isocenter.errors import Unavailable

BUSY_TIMEOUT_S = 10.0
MMAP_BYTES = 256 << 20
READ_CACHE_KIB = 8 << 10
WRITE_CACHE_KIB = 64 << 10
WAL_LIMIT_BYTES = 64 << 20
STATEMENTS = 512
OPERATIONS_PER_CHECK = 20_000  # of SQLite's virtual machine, a few milliseconds


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        cached_statements=STATEMENTS,
        check_same_thread=False,  # closed by another thread than the one that reads
    )


def schema_version(connection: sqlite3.Connection) -> int:
    """Version of the tables, 0 when there are none yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def open_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only. Raises Unavailable when the file is not there or of another version."""
    connection = _open(path, "ro")
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES}")
    connection.execute(f"PRAGMA cache_size = -{READ_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if schema_version(connection) != SCHEMA_VERSION:
        connection.close()
        raise Unavailable("the index is of another version")
    _register(connection)
    return connection


def open_writer(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open for writing, every commit synced. With `create` the file and its tables are made when missing."""
    connection = _open(path, "rwc" if create else "rw")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{WRITE_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
    connection.execute("PRAGMA secure_delete = ON")  # what was purged is gone from the file too
    if create and schema_version(connection) == 0:
        connection.executescript(SCHEMA)
    _register(connection)
    return connection


def _register(connection: sqlite3.Connection) -> None:
    connection.create_function("document_matches", 4, document_matches, deterministic=True)
    connection.create_function("words_begin", 2, words_begin, deterministic=True)

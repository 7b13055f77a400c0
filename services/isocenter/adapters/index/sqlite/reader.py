"""The reading end: a read-only connection per thread, moved to another generation when one serves."""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isocenter.adapters.index.sqlite.connect import open_reader
from isocenter.adapters.index.sqlite.pointer import Serving, same_file, serving
from isocenter.adapters.index.sqlite.reads import SqliteReads
from isocenter.errors import Unavailable

CHECK_EVERY_S = 0.2


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Open:
    connection: sqlite3.Connection
    serving: Serving
    checked: float
    pid: int

    def __del__(self) -> None:
        self.connection.close()  # it is in a cycle with its statements, and would wait for a collection


class SqliteReader(SqliteReads):
    """IndexReader on a folder that the indexer writes; safe to call from many threads.

    Raises Unavailable while there is no index yet, and when its files were taken away.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(self._lend)
        self._folder = folder
        self._mine = threading.local()
        self._all: weakref.WeakSet[_Open] = (
            weakref.WeakSet()
        )  # a thread that ends lets go of its own
        self._lock = threading.Lock()
        self._inherited: list[_Open] = []
        self._closed = False

    @contextmanager
    def _lend(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        opened: _Open | None = getattr(self._mine, "opened", None)
        now = time.monotonic()
        if opened is None or self._closed:
            opened = self._open(now)
        elif opened.pid != os.getpid():
            self._inherited.append(opened)  # closing it here would release the locks of the parent
            opened = self._open(now)
        elif now - opened.checked > CHECK_EVERY_S:
            opened = self._checked(opened, now)
        yield opened.connection, opened.serving.number

    def _checked(self, opened: _Open, now: float) -> _Open:
        if same_file(opened.serving) and serving(self._folder) == opened.serving:
            opened.checked = now
            return opened
        self._drop(opened)
        return self._open(now)

    def _open(self, now: float) -> _Open:
        if self._closed:
            raise Unavailable("the index reader is closed")
        connection, found = self._connect()
        opened = _Open(connection, found, now, os.getpid())
        with self._lock:
            self._all.add(opened)
        self._mine.opened = opened
        return opened

    def _connect(self) -> tuple[sqlite3.Connection, Serving]:
        found = serving(self._folder)
        if found is None:
            raise Unavailable("there is no index yet", retry_after_s=1.0)
        try:
            return open_reader(found.path), found
        except sqlite3.OperationalError:
            anew = serving(self._folder)
            if anew is None or anew == found:
                raise
            return open_reader(anew.path), anew  # the other one went between a look and the next

    def _drop(self, opened: _Open) -> None:
        self._mine.opened = None
        opened.connection.close()

    def close(self) -> None:
        """Close the connections of all threads; none of them may be in use."""
        self._closed = True
        with self._lock:
            for opened in self._all:
                opened.connection.close()
            self._all.clear()

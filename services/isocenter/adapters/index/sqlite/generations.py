"""The index as a whole: one folder, one file per generation, a pointer to the one that serves."""

from pathlib import Path

from isocenter.adapters.index.sqlite import pointer
from isocenter.adapters.index.sqlite.connect import open_writer, schema_version
from isocenter.adapters.index.sqlite.faults import translated
from isocenter.adapters.index.sqlite.lock import FolderLock
from isocenter.adapters.index.sqlite.pointer import Serving
from isocenter.adapters.index.sqlite.schema import SCHEMA_VERSION
from isocenter.adapters.index.sqlite.writer import SqliteIndex
from isocenter.ports.index import MetadataIndex


class SqliteGenerations:
    """IndexGenerations in a folder that one indexer owns.

    `locked`, it takes the folder at the first use and keeps it; Unavailable while another process has it.
    """

    def __init__(self, folder: Path, *, locked: bool = False) -> None:
        self._folder = folder
        self._lock = FolderLock(folder) if locked else None

    def open(self) -> SqliteIndex:
        """Open the serving generation; an empty one is made when there is none or it is of another version.

        Raises Corrupted when the file cannot be read: `create` another, fill it from the journal, and `swap`.
        """
        self._take()
        found = pointer.serving(self._folder)
        if found is None or not self._readable(found):
            made = self._make()
            pointer.point_to(self._folder, made.number)
            found = made
            self._remove_others(found.number)
        return SqliteIndex(found)

    def create(self) -> SqliteIndex:
        """Start an empty generation beside the serving one; what is left of earlier ones goes."""
        self._take()
        found = pointer.serving(self._folder)
        self._remove_others(None if found is None else found.number)
        return SqliteIndex(self._make())

    def swap(self, index: MetadataIndex) -> None:
        """Let the created generation serve and drop the other; a writer still open on that one is Unavailable."""
        created = _ours(index)
        created.checkpoint()
        pointer.point_to(self._folder, created.number)
        self._remove_others(created.number)

    def serves(self, index: MetadataIndex) -> bool:
        """Tell whether the index is the one named, and its file the one it has open."""
        return pointer.serving(self._folder) == _ours(index).serving

    def _take(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock is not None:
            self._lock.take()

    def _readable(self, found: Serving) -> bool:
        with translated():
            connection = open_writer(found.path, create=False)
            try:
                return schema_version(connection) == SCHEMA_VERSION
            finally:
                connection.close()

    def _make(self) -> Serving:
        """Make a file whose number is greater than any before: tenths of seconds, for folders that were taken away."""
        probe = self._folder / f"{pointer.POINTER}.new"
        probe.touch()
        numbers = [pointer.number_of(path) or 0 for path in self._folder.iterdir()]
        number = max(probe.stat().st_mtime_ns // 10**8, *(n + 1 for n in numbers), self._last() + 1)
        path = pointer.path_of(self._folder, number)
        with translated():
            open_writer(path, create=True).close()
        pointer.sync_folder(self._folder)
        status = path.stat()
        return Serving(number, path, status.st_dev, status.st_ino)

    def _last(self) -> int:
        """Number in the pointer, even when its file is gone."""
        try:
            named = (self._folder / pointer.POINTER).read_text("ascii").strip()
        except (OSError, ValueError):
            return 0
        return pointer.number_of(Path(named)) or 0

    def _remove_others(self, number: int | None) -> None:
        for path in list(self._folder.glob("index-*.db")):
            if pointer.number_of(path) not in {None, number}:
                pointer.remove(path)


def _ours(index: MetadataIndex) -> SqliteIndex:
    if not isinstance(index, SqliteIndex):
        raise TypeError("an index of another adapter")
    return index

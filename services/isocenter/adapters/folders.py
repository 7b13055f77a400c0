"""Folders whose names survive loss of power: each is synced into its parent before anything in it may count."""

import contextlib
import threading
from collections import OrderedDict
from pathlib import PurePosixPath

from isocenter.adapters.disk import Disk
from isocenter.adapters.grouping import Grouping
from isocenter.errors import StorageFailed

MAX_KNOWN = 4096  # folders remembered; a forgotten one costs one sync more


class DurableFolders:
    """Makes folders below `root` and syncs them; threads that sync the same folder at once share one sync."""

    def __init__(self, disk: Disk, root: str) -> None:
        self._disk = disk
        self._root = root
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._groups: OrderedDict[str, Grouping[None, None]] = OrderedDict()

    def ensure(self, folder: str) -> None:
        """Make `folder` and its parents where missing; on return all their names are durable.

        A folder found there may have been made by a process that was killed before its sync, so this process syncs
        every parent once, whoever made the folder.
        """
        if folder in self._known:
            return
        parent = str(PurePosixPath(folder).parent)
        if folder != self._root:
            self.ensure(parent)
        with contextlib.suppress(FileExistsError):
            self._disk.make_folder(folder)
        self.sync(parent)
        with self._lock:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known.add(folder)

    def forget(self, folder: str) -> None:
        """Look again: somebody took the folder, or one above it, away."""
        with self._lock:
            self._known.clear()
            self._groups.pop(folder, None)

    def sync(self, folder: str) -> None:
        """Make every name durable that was given in `folder` before this call. Raises StorageFailed."""
        with self._lock:
            group = self._groups.get(folder)
            if group is None:
                group = self._groups[folder] = Grouping(lambda calls: self._sync(folder, calls))
                if len(self._groups) > MAX_KNOWN:
                    self._groups.popitem(last=False)
        group.run(None)

    def _sync(self, folder: str, calls: list[None]) -> list[None]:
        try:
            self._disk.sync_folder(folder)
        except (FileNotFoundError, NotADirectoryError):
            raise
        except OSError as error:
            # Even for want of space: the names are visible, and whether they last is not known.
            raise StorageFailed("a folder could not be synced") from error
        return calls

"""One indexer at a time on one folder, by a lock of the kernel's, which any death frees."""

import fcntl
import os
from pathlib import Path

from isocenter.errors import Unavailable


class FolderLock:
    """Lies beside the folder, for that one may be taken away while its indexer runs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder.with_name(f"{folder.name}.lock")
        self._descriptor = -1

    def take(self) -> None:
        """Hold it from now on. Raises Unavailable while another process does."""
        if self._descriptor >= 0:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Unavailable("somebody else writes this index", retry_after_s=1.0) from error
        self._descriptor = descriptor

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

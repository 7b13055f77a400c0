"""What an import has done already, so that it can be stopped and started again."""

import hashlib
import os
import threading
from pathlib import Path


def state_folder() -> Path:
    """`$XDG_STATE_HOME/isocenter`, usually `~/.local/state/isocenter`."""
    home = os.environ.get("XDG_STATE_HOME", "")  # noqa: TID251  (the user's own folder, not a setting)
    return (Path(home) if home else Path.home() / ".local" / "state") / "isocenter"


class ImportState:
    """One line for each file that was answered for: a digest of its path, size and time of change.

    A file that changed since is sent again. Losing a line costs sending one file twice, which changes nothing.
    """

    def __init__(self, base_url: str, roots: tuple[Path, ...], *, again: bool) -> None:
        name = hashlib.sha256("\n".join([base_url, *map(str, roots)]).encode()).hexdigest()[:16]
        self._path = state_folder() / f"import-{name}"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if again:
            self._path.unlink(missing_ok=True)
        self._known = set(self._path.read_text().split()) if self._path.exists() else set()
        self._file = self._path.open("a")
        self._lock = threading.Lock()

    @staticmethod
    def _name(stamp: str) -> str:
        return hashlib.sha256(stamp.encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def is_done(self, stamp: str) -> bool:
        """Tell whether this very file was answered for."""
        return self._name(stamp) in self._known

    def done(self, stamp: str) -> None:
        """Remember it."""
        with self._lock:
            self._file.write(self._name(stamp) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Keep the lines."""
        self._file.close()

"""Start the broker anew when a full disk has passed: until then it repeats a failed write's error for ever.

What it repeats shows in its log alone: its own health check calls a stream sound that takes no message.
"""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

FAILED_WRITE = b"no space left on device"
ROOM_BYTES = 64 << 20
LOOK_S = 1.0
MAX_READ_BYTES = 1 << 20


class BrokerWatch:
    """Reads what is added to the broker's log; `restart` ends the broker, which is then started again."""

    def __init__(self, log: Path, store: Path, restart: Callable[[], None]) -> None:
        self._log = log
        self._store = store
        self._restart = restart
        self._read = _size(log)
        self._has_failed = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Restart when a write failed and there is room again."""
        self._has_failed = FAILED_WRITE in self._news() or self._has_failed
        if self._has_failed and shutil.disk_usage(self._store).free >= ROOM_BYTES:
            self._has_failed = False
            self._restart()

    def _news(self) -> bytes:
        size = _size(self._log)
        if size <= self._read:
            self._read = size  # set aside, or nothing new
            return b""
        with self._log.open("rb") as file:
            file.seek(max(self._read, size - MAX_READ_BYTES))
            self._read = size
            return file.read(MAX_READ_BYTES)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

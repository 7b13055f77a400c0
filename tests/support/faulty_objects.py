"""A real object store whose calls can be counted, held, and made to fail, before or after they took effect."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.ports.objects import ObjectInfo

Hook = Callable[[str, str], None]  # (method, key)


def nothing(method: str, key: str) -> None:
    """Let the call pass."""


class FaultyObjects(FilesystemObjects):
    """`before` and `after` may raise or wait; `calls` counts requests, `listed` the keys that were looked at."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.before: Hook = nothing
        self.after: Hook = nothing
        self.calls: Counter[str] = Counter()
        self.listed = 0

    def count_anew(self) -> None:
        self.calls.clear()
        self.listed = 0

    def put(self, key: str, content: bytes) -> ObjectInfo:
        self._enter("put", key)
        info = super().put(key, content)
        self.after("put", key)
        return info

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        self._enter("read", key)
        return super().read(key, start, end)

    def delete(self, key: str) -> None:
        self._enter("delete", key)
        super().delete(key)
        self.after("delete", key)

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        self._enter("list", prefix)
        for info in super().list(prefix, after):
            self.listed += 1
            yield info

    def _enter(self, method: str, key: str) -> None:
        self.calls[method] += 1
        self.before(method, key)

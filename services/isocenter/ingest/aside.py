"""Bytes that stand aside between a deletion's grace time and their removal: `purged/<key>`. Blocking."""

from collections.abc import Iterable

from isocenter.errors import NotFound
from isocenter.ingest.purge_plan import PURGED_PREFIX, away
from isocenter.ports.objects import ObjectStore


class Aside:
    """Moves objects aside, back, and out. Everything may be done again after a crash in its middle."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def move_all(self, keys: Iterable[str]) -> None:
        """Move objects aside; those that are not there were moved before."""
        for key in keys:
            try:
                self._objects.move(key, away(key))
            except NotFound:
                continue

    def keys(self) -> list[str]:
        """Keys of the objects that stand aside, without the prefix."""
        return [info.key.removeprefix(PURGED_PREFIX) for info in self._objects.list(PURGED_PREFIX)]

    def is_empty(self) -> bool:
        """Tell whether nothing stands aside."""
        return next(iter(self._objects.list(PURGED_PREFIX)), None) is None

    def put_back(self, keys: Iterable[str]) -> None:
        """Give objects their names again; where somebody sent one meanwhile, that one stays."""
        for key in keys:
            if self._is_there(key):
                self._objects.delete(away(key))
            else:
                self._objects.move(away(key), key)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects that stand aside."""
        for key in keys:
            self._objects.delete(away(key))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects where they are."""
        for key in keys:
            self._objects.delete(key)

    def delete_below(self, prefixes: Iterable[str]) -> None:
        """Remove everything whose key starts with one of the prefixes."""
        for prefix in prefixes:
            self.delete([info.key for info in self._objects.list(prefix)])

    def _is_there(self, key: str) -> bool:
        try:
            self._objects.stat(key)
        except NotFound:
            return False
        return True

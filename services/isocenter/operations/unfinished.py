"""What a backup still owes, written down before the journal's copy goes on, so that a killed run owes it too."""

import json
from collections.abc import Iterable
from typing import Any

from isocenter.errors import Corrupted, NotFound
from isocenter.operations.wanted import Wanted
from isocenter.ports.journal import Record
from isocenter.ports.objects import ObjectStore

KEY = "backup/unfinished.json"
MAX_BYTES = 256 << 20


class Unfinished:
    """Objects that were missing or damaged when their entry was copied, and those purged since the last manifest."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        told = self._read()
        self.lacking = {one["key"]: Wanted(**one) for one in told.get("lacking", ())}
        self.purged: dict[str, int] = dict(told.get("purged", {}))  # by key: version of the purge
        self._is_saved = True

    def owe(self, wanted: Wanted) -> None:
        """It could not be copied."""
        self.lacking[wanted.key] = wanted
        self._is_saved = False

    def settle(self, wanted: Wanted) -> None:
        """It was copied, or is gone on purpose."""
        if self.lacking.pop(wanted.key, None):
            self._is_saved = False

    def purge(self, keys: Iterable[str], record: Record) -> None:
        """A purge took these."""
        for key in keys:
            self.purged[key] = max(record.entry.version, self.purged.get(key, 0))
            self._is_saved = False

    def save(self) -> None:
        """Write it down, unless it is written."""
        if not self._is_saved:
            lacking = [one.as_json() for one in self.lacking.values()]
            content = json.dumps({"lacking": lacking, "purged": self.purged})
            self._store.put(KEY, content.encode())
            self._is_saved = True

    def finish(self) -> None:
        """The manifest is written: purges are done, what is lacking is tried again by the next run."""
        self.purged = {}
        self._is_saved = False
        if self.lacking:
            self.save()
        else:
            self._store.delete(KEY)
            self._is_saved = True

    def _read(self) -> dict[str, Any]:
        try:
            content = self._store.read(KEY, 0, MAX_BYTES)
        except NotFound:
            return {}
        try:
            told = json.loads(content)
        except ValueError as error:
            raise Corrupted(f"{KEY} of the backup cannot be read; remove it") from error
        return told if isinstance(told, dict) else {}

"""Packs that nobody needs any more: of studies that are gone, and of those that have not changed for long."""

import asyncio
from itertools import groupby

from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import StudyRow
from isocenter.ports.journal import Journal, commits_behind
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.keys import PREFIX, is_pack, study_of
from isocenter.runtime.asking import Asking
from isocenter.runtime.log import logger

DAY_MS = 86_400_000

log = logger(__name__)


class Expiry:
    """`keep_days` after a study's last change its packs go; 0 keeps them. Those of a study that is gone go always."""

    def __init__(
        self,
        index: IndexReader,
        journal: Journal,
        objects: ObjectStore,
        clock: Clock,
        keep_days: int,
    ) -> None:
        self._index = index
        self._ask = Asking(index)
        self._journal = journal
        self._objects = objects
        self._clock = clock
        self._keep_ms = keep_days * DAY_MS

    async def is_over(self, study: str) -> bool:
        """Whether the study's packs are not to be made without somebody asking."""
        row = await self._ask(self._index.study, study)
        return row is not None and self._is_old(row)

    async def expire(self) -> int:
        """Remove what is over; returns of how many studies. Nothing is judged by an index that lags."""
        ends = await asyncio.to_thread(self._journal.ends)
        if commits_behind(ends, await self._ask(self._index.positions), ("indexer",)):
            return 0
        gone = 0
        for study, keys in await asyncio.to_thread(self._packs):
            row = await self._ask(self._index.study, study)
            if row is None or self._is_old(row):
                await asyncio.to_thread(self._remove, keys)
                gone += 1
        if gone:
            log.info("packs_expired", count=gone)
        return gone

    def _is_old(self, row: StudyRow) -> bool:
        if not self._keep_ms or not row.complete:
            return False
        return row.last_change_ms + self._keep_ms < self._clock.now_ms()

    def _packs(self) -> list[tuple[str, list[str]]]:
        keys = (info.key for info in self._objects.list(PREFIX) if is_pack(info.key))
        return [(study, list(group)) for study, group in groupby(keys, study_of)]

    def _remove(self, keys: list[str]) -> None:
        for key in keys:
            self._objects.delete(key)

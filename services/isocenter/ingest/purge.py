"""Remove the bytes of deletions whose grace time is over; a task of one ingest process of a site.

The order makes every crash harmless: bytes are first moved aside, then, when everything written meanwhile is known,
put back or removed, then the journal says so. Until it says so, the next pass does the same again.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import IsocenterError, Unavailable
from isocenter.events.versions import version_ms
from isocenter.ingest import purge_plan as plan
from isocenter.ingest.aside import Aside
from isocenter.ingest.record import Recorder
from isocenter.ports.clock import Clock
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import DeletionRow, InstanceState, QuarantineRow
from isocenter.ports.journal import Journal, commits_behind
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.asking import Asking
from isocenter.runtime.log import logger

POLL_S = 0.05
PAGE = 1000
MAX_KEYS_IN_ENTRY = 2000
ABANDONED_S = 3600.0  # a journal file untouched for so long

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class PurgeTimes:
    """How patient a purge is.

    `margin_ms`: after the grace time, more than clocks of the site's machines differ, so that no undo comes late.
    `settle_s`: more than a receiver needs from seeing an object to having its receipt durable.
    `catch_up_s`: how long the index may lag before a pass is given up.
    """

    interval_s: float = 60.0
    margin_ms: int = 60_000
    settle_s: float = 60.0
    catch_up_s: float = 300.0


@dataclass(frozen=True, slots=True)
class PurgePorts:
    """What a purge works on. The indexers' own streams hold nothing it would have to learn of."""

    objects: ObjectStore
    journal: Journal
    index: IndexReader
    clock: Clock
    indexer_nodes: Sequence[str] = ("indexer",)


class Purger:
    """Does one pass after another. The index is asked as `ask` does, bytes are moved in a thread."""

    def __init__(self, ports: PurgePorts, recorder: Recorder, times: PurgeTimes) -> None:
        self._journal = ports.journal
        self._index = ports.index
        self._ask = Asking(ports.index)
        self._clock = ports.clock
        self._indexer_nodes = ports.indexer_nodes
        self._aside = Aside(ports.objects)
        self._recorder = recorder
        self._times = times

    async def run(self) -> None:
        """Purge until cancelled. What fails is tried again in the next pass."""
        while True:
            try:
                await self.purge_due()
            except IsocenterError as error:
                log.warning("purge_postponed", reason=error.reason)
            await asyncio.sleep(self._times.interval_s)

    async def purge_due(self) -> int:
        """Do one pass; return how many deletions were finished.

        Raises Unavailable when the index does not catch up with the journal, or when a header cannot be taken out of
        the journal yet (the bytes are gone then, the deletion stays open), and what store and journal raise.
        """
        if not await self._ask(self._due) and await asyncio.to_thread(self._aside.is_empty):
            return 0
        await self._index_caught_up()  # late undeletions are known from here on
        moved = await self._move_aside(await self._ask(self._due))
        if moved:
            await asyncio.sleep(self._times.settle_s)
        await self._index_caught_up()  # so are receipts that found their object before it was moved
        due = await self._ask(self._due)
        await self._decide_again(due)
        if await self._redact(due):
            raise Unavailable("a deleted header is in a journal file that is still written")
        for deletion in due:
            await self._finish(deletion, moved.get(deletion.deletion_id, []))
        return len(due)

    def _due(self) -> list[DeletionRow]:
        """Deletions in force whose grace time is over."""
        before_ms = self._clock.now_ms() - self._times.margin_ms
        found: list[DeletionRow] = []
        after = ""
        while page := self._index.deletions("deleted", PAGE, after):
            found += [row for row in page if row.purge_after_ms <= before_ms]
            after = page[-1].deletion_id
        return found

    async def _index_caught_up(self) -> None:
        """Wait until the index has applied all that is durable now."""
        ends = await asyncio.to_thread(self._journal.ends)
        end_s = time.monotonic() + self._times.catch_up_s
        while commits_behind(ends, await self._ask(self._index.positions), self._indexer_nodes):
            if time.monotonic() >= end_s:
                raise Unavailable("the index lags behind the journal")
            await asyncio.sleep(POLL_S)

    async def _move_aside(self, due: Sequence[DeletionRow]) -> dict[str, list[str]]:
        """Move what may go; give the keys by deletion, those an earlier pass moved included."""
        moved: dict[str, list[str]] = {}
        for deletion in due:
            rows = await self._ask(self._index.states, deletion.study_instance_uid)
            keys = [plan.key_of(row) for row in rows if plan.may_go(row, [deletion])]
            if keys:
                moved[deletion.deletion_id] = keys
                await asyncio.to_thread(self._aside.move_all, keys)
        return moved

    async def _decide_again(self, due: Sequence[DeletionRow]) -> None:
        """Put back or remove everything that stands aside, also what an earlier pass left there."""
        rows_of: dict[str, list[InstanceState]] = {}
        back: list[str] = []
        gone: list[str] = []
        for key in await asyncio.to_thread(self._aside.keys):
            study = plan.study_of(key)
            if study not in rows_of:
                rows_of[study] = await self._ask(self._index.states, study)
            row = plan.row_of(key, rows_of[study])
            (gone if row is None or plan.may_go(row, due) else back).append(key)
        await asyncio.to_thread(self._aside.put_back, back)
        await asyncio.to_thread(self._aside.remove, gone)

    async def _redact(self, due: Sequence[DeletionRow]) -> int:
        """Take the headers of what is gone out of the journal; return how many are left for now."""
        rows = [
            row
            for study in {deletion.study_instance_uid for deletion in due}
            for row in await self._ask(self._index.states, study)
            if plan.may_go(row, due)
        ]
        if not rows:
            return 0
        since_ms = version_ms(min(row.first_version for row in rows))
        return await asyncio.to_thread(self._redact_since, due, since_ms)

    def _redact_since(self, due: Sequence[DeletionRow], since_ms: int) -> int:
        self._journal.seal_abandoned(ABANDONED_S)
        return self._journal.redact(plan.header_of(due), since_ms)

    async def _finish(self, deletion: DeletionRow, moved: Sequence[str]) -> None:
        """Remove what was made of the instances, and say in the journal what is gone."""
        rows = await self._ask(self._index.states, deletion.study_instance_uid)
        stays = {plan.key_of(row) for row in rows if not plan.may_go(row, [deletion])}
        quarantined = await self._ask(self._quarantined, deletion)
        removed = [key for key in moved if key not in stays]
        removed += [row.object_key for row in quarantined]
        await asyncio.to_thread(self._remove_the_rest, deletion, quarantined, removed)
        log.info("purged", deletion_id=deletion.deletion_id, count=len(removed))

    def _quarantined(self, deletion: DeletionRow) -> list[QuarantineRow]:
        """What of a deleted study is in quarantine; of a series or an instance nothing is known there."""
        if deletion.series_instance_uid:
            return []
        found: list[QuarantineRow] = []
        after = ""
        study = deletion.study_instance_uid
        while page := self._index.quarantines("quarantined", study, PAGE, after):
            found += [row for row in page if row.version < deletion.version]
            after = page[-1].digest
        return found

    def _remove_the_rest(
        self, deletion: DeletionRow, quarantined: Sequence[QuarantineRow], removed: Sequence[str]
    ) -> None:
        study = deletion.study_instance_uid
        self._aside.delete_below(plan.projections_of(deletion))
        for row in quarantined:
            self._aside.delete(plan.quarantine_keys(row.object_key))
        handled = [
            entries.QuarantineHandled(digest=row.digest, action="dropped", caller=deletion.caller)
            for row in quarantined
        ]
        purged = [
            entries.Purge(
                deletion_id=deletion.deletion_id,
                study_instance_uid=study,
                object_keys=removed[start : start + MAX_KEYS_IN_ENTRY],
            )
            for start in range(0, max(1, len(removed)), MAX_KEYS_IN_ENTRY)
        ]
        self._recorder.record(study, [*handled, *purged])

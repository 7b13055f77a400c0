"""Brings what was acknowledged from the spool into the object store; a task of the process that acknowledged it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from isocenter.errors import Corrupted, IsocenterError
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.acknowledged_spool import AcknowledgedSpool, Kept
from isocenter.runtime.log import logger

PAUSE_S = 1.0  # between two looks; while the store is away, between two attempts
AT_ONCE = 4

log = logger(__name__)


class CatchingUp:
    """Oldest first, a few at once. What fails is tried again; a crash anywhere is made good by the next start."""

    def __init__(self, kept: AcknowledgedSpool, acknowledger: Acknowledger) -> None:
        self._kept = kept
        self._acknowledger = acknowledger

    async def run(self) -> None:
        """Bring until cancelled."""
        while True:
            await asyncio.to_thread(self.bring_all)
            await asyncio.sleep(PAUSE_S)

    def bring_all(self) -> int:
        """Bring what waits, until the store is away; returns how many came."""
        waiting = self._kept.waiting()
        if not waiting or not self._came(waiting[0]):
            return 0
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="catching-up") as pool:
            came = 1 + sum(pool.map(self._came_too, waiting[1:]))
        log.info("spool_caught_up", count=came)
        return came

    def _came_too(self, kept: Kept) -> bool:
        return not self._kept.store_is_away and self._came(kept)

    def _came(self, kept: Kept) -> bool:
        try:
            receipt, file = self._kept.read(kept)
        except Corrupted:
            log.error("acknowledged_instance_damaged", where=kept.name)
            self._kept.set_aside(kept)
            return False
        try:
            self._acknowledger.store_later(file, receipt, kept.version)
        except IsocenterError as error:
            log.warning("spool_not_caught_up", reason=error.reason)
            self._kept.store_is_away = True
            return False
        finally:
            if file is not None:
                file.discard()
        self._kept.forget(kept)
        return True

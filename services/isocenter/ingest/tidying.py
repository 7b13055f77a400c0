"""Keeps the journal in few pieces; a task of the one ingest process of a site that also purges.

A journal in an object store has one object for each commit until it is merged: lists and rebuilds cost by their number.
"""

import asyncio

from isocenter.errors import IsocenterError
from isocenter.ports.journal import Journal
from isocenter.runtime.log import logger

log = logger(__name__)


class Tidier:
    """Does one pass after another; what rests less than `interval_s` is left to the next."""

    def __init__(self, journal: Journal, interval_s: float) -> None:
        self._journal = journal
        self._interval_s = interval_s

    async def run(self) -> None:
        """Tidy until cancelled. What fails is tried again in the next pass."""
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                count = await asyncio.to_thread(self._journal.seal_abandoned, self._interval_s)
            except IsocenterError as error:
                log.warning("journal_not_tidied", reason=error.reason)
            else:
                if count:
                    log.debug("journal_tidied", count=count)

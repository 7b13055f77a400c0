"""The indexer's process."""

import sys
from contextlib import AsyncExitStack

from isocenter.adapters.open import open_bus, open_index_generations, open_journal
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.service import build
from isocenter.indexer.settings import IndexerSettings
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lifecycle import Process, run


async def compose(settings: IndexerSettings, stack: AsyncExitStack) -> Process:
    """Open adapters; the index itself is opened by the running service, for it may have to be rebuilt first."""
    clock = HybridClock()
    journal = open_journal(settings.journal_url, clock, **settings.objects_access)
    generations = open_index_generations(
        settings.index_url, holder=settings.node, **settings.index_access
    )
    bus = open_bus(settings.bus_url, **settings.bus_access)
    stack.push_async_callback(bus.close)

    def opening() -> Indexer:
        return Indexer(Ports(generations, journal, clock), settings)

    service, indexing = build(opening, bus, settings)
    stack.callback(indexing.close)
    return Process(service, bus)


def main() -> int:
    """Serve until told to stop."""
    return run(IndexerSettings, compose)


if __name__ == "__main__":
    sys.exit(main())

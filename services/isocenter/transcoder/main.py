"""The transcoder's process."""

import sys
from contextlib import AsyncExitStack

from isocenter.adapters.open import open_bus, open_index_reader, open_journal, open_objects
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lifecycle import Process, run
from isocenter.transcoder.service import Ports, build, pool_of
from isocenter.transcoder.settings import TranscoderSettings


async def compose(settings: TranscoderSettings, stack: AsyncExitStack) -> Process:
    """Open adapters: index and journal are read, packs are written beside the objects."""
    clock = HybridClock()
    journal = open_journal(settings.journal_url, clock, **settings.objects_access)
    objects = open_objects(settings.objects_url, **settings.objects_access)
    index = open_index_reader(settings.index_url, **settings.index_access)
    stack.callback(index.close)
    bus = open_bus(settings.bus_url, **settings.bus_access)
    stack.push_async_callback(bus.close)
    pool = pool_of(settings)
    stack.callback(pool.close)
    ports = Ports(index, journal, objects, bus, clock)
    return Process(build(ports, settings, pool), bus)


def main() -> int:
    """Serve until told to stop."""
    return run(TranscoderSettings, compose)


if __name__ == "__main__":
    sys.exit(main())

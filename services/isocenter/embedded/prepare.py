"""What is made once in the back-ends of a site, before its services: `isocenter prepare`."""

import asyncio
from collections.abc import AsyncIterator

from isocenter.adapters.open import (
    open_bus,
    open_index_generations,
    open_objects,
    prepare_bus,
    prepare_index,
    probe_objects,
)
from isocenter.runtime.settings import ServiceSettings


async def prepare(settings: ServiceSettings) -> AsyncIterator[tuple[str, list[str]]]:
    """Try the object store out, make streams and index templates; yields what was done, with warnings.

    All of it may be repeated. Raises UnfitStore when the object store lies, Unavailable when something is away.
    """
    objects = open_objects(settings.objects_url, **settings.objects_access)
    warnings = await asyncio.to_thread(probe_objects, objects)
    yield "the object store keeps what it acknowledges", list(warnings)
    generations = open_index_generations(settings.index_url, **settings.index_access)
    await asyncio.to_thread(prepare_index, generations)
    yield "the index has its templates", []
    bus = open_bus(settings.bus_url, **settings.bus_access)
    try:
        await prepare_bus(bus)
    finally:
        await bus.close()
    yield "the broker has its streams", []

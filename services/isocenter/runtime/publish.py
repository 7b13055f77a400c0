"""Publish many events at once, a bounded number of them under way."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from isocenter.errors import TransientError
from isocenter.events.event import Event
from isocenter.ports.bus import EventBus
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.tracing import span, traceparent

AT_ONCE = 64


async def publish(bus: EventBus, event: Event) -> None:
    """Return when the broker has it; what came of it is counted. Raises what `EventBus.publish` raises."""
    started_s = time.monotonic()
    with span("publish", "producer", parent=event.traceparent, fact=event.fact.name):
        parent = traceparent()
        try:
            await bus.publish(replace(event, traceparent=parent) if parent else event)
        except TransientError:
            METRICS.count("isocenter_broker_failures_total")
            raise
    METRICS.observe("isocenter_publish_seconds", time.monotonic() - started_s)
    METRICS.count("isocenter_events_published_total", fact=event.fact.name)


async def publish_all(bus: EventBus, events: Sequence[Event]) -> None:
    """Return when the broker has all of them; in no order. Raises Unavailable when it lacks one or does not say."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(event: Event) -> None:
        async with room:
            await publish(bus, event)

    if len(events) == 1:
        await one(events[0])
        return
    outcomes = await asyncio.gather(*map(one, events), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome

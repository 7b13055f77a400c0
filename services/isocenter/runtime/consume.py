"""The consumer loop: fetch, hand in, publish what was caused, acknowledge last. Run by `lifecycle` per subscription."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import assert_never

from isocenter.errors import PermanentError, TransientError
from isocenter.events.event import Event
from isocenter.ports.bus import Consumer, Delivery, EventBus
from isocenter.runtime.dead_letters import DeadLetterLimit
from isocenter.runtime.endings import Done, Ending, Later, Never, Unknown, backoff_s, ending_of
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.publish import publish_all
from isocenter.runtime.service import Subscription
from isocenter.runtime.tracing import span

log = logger(__name__)
OUTCOMES = ("done", "later", "dead_letter")


@dataclass(frozen=True, slots=True)
class Policy:
    """Patience of a consumer. `fetch_s` bounds how long a stop waits; above 2 s it would sit out a broker's restart."""

    fetch_s: float = 1.0
    progress_s: float = 5.0
    max_deliveries: int = (
        8  # of an event that fails in ways nobody foresaw; a TransientError never runs out
    )
    first_backoff_s: float = 0.5
    longest_backoff_s: float = 60.0
    dead_letter_limit: int = 20
    dead_letter_window: int = 200
    unwanted_s: float = 0.1  # between two looks whether events are wanted
    lag_s: float = 10.0  # between two looks at the lag


@dataclass(frozen=True, slots=True)
class _Read:
    """A delivery with its event decoded."""

    delivery: Delivery
    event: Event


class Loop:
    """One subscription of one service."""

    def __init__(
        self, service: str, subscription: Subscription, bus: EventBus, policy: Policy = Policy()
    ) -> None:
        self._service = service
        self._subscription = subscription
        self._bus = bus
        self._policy = policy
        self._limit = DeadLetterLimit(policy.dead_letter_limit, policy.dead_letter_window)
        self._looked_s = 0.0
        for outcome in OUTCOMES:  # shown from 0 on, or the first dead letter is no increase
            self._count(outcome, 0)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; the batch in hand is finished first. Raises TooManyDeadLetters.

        A broker that is away, restarted or wiped is waited for.
        """
        failures = 0
        while not stop.is_set():
            try:
                consumer = await self._bus.consumer(self._service, self._subscription.facts)
                while not stop.is_set():
                    if not self._subscription.wanted():
                        await self._look_at_lag(consumer)
                        await _pause(stop, self._policy.unwanted_s)
                        continue
                    await self._step(consumer)
                    failures = 0
            except TransientError as error:
                failures += 1
                METRICS.count("isocenter_broker_failures_total")
                wait_s = backoff_s(failures, longest_s=5.0)
                log.warning("bus_unavailable", reason=error.reason, wait_s=round(wait_s, 2))
                await _pause(stop, wait_s)

    async def _step(self, consumer: Consumer) -> None:
        deliveries = await consumer.fetch(self._subscription.max_batch, self._policy.fetch_s)
        if deliveries:
            started = time.monotonic()
            await self.handle(deliveries)
            took_s = time.monotonic() - started
            METRICS.observe("isocenter_handle_seconds", took_s, service=self._service)
        await self._look_at_lag(consumer)

    async def _look_at_lag(self, consumer: Consumer) -> None:
        """Now and then; of a process that stands by too, whose last look would stand for ever."""
        if time.monotonic() - self._looked_s >= self._policy.lag_s:
            self._looked_s = time.monotonic()
            lag = await consumer.pending()
            METRICS.set("isocenter_consumer_lag_events", lag, service=self._service)

    async def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Bring every delivery to its ending."""
        readable: list[_Read] = []
        for delivery in deliveries:
            try:
                readable.append(_Read(delivery, delivery.event))
            except PermanentError as error:
                await self._end(delivery, Never(error.reason))
        if not readable:
            return
        async with _progress([read.delivery for read in readable], self._policy.progress_s):
            ending = await self._attempt(readable)
            if len(readable) > 1 and isinstance(ending, Never | Unknown):
                for read in readable:  # one of them spoils the batch
                    await self._end(read.delivery, await self._attempt([read]))
                return
            for read in readable:
                await self._end(read.delivery, ending)

    async def _attempt(self, batch: Sequence[_Read]) -> Ending:
        """Hand events in and publish what they caused."""
        first, *others = [read.event.traceparent for read in batch]
        links = [other for other in others if other]
        try:
            with span("handle", "consumer", parent=first, links=links, service=self._service):
                caused = await self._subscription.handle([read.event for read in batch])
                if caused:
                    await publish_all(self._bus, caused)
        except Exception as error:
            ending = ending_of(error)
            if isinstance(ending, Unknown):
                log.exception("handler_failed", batch=len(batch), error=ending.error)
            return ending
        return Done()

    async def _end(self, delivery: Delivery, ending: Ending) -> None:
        """Tell the broker. When it cannot be told, the event comes again, and that is harmless."""
        try:
            match ending:
                case Done():
                    await delivery.ack()
                    self._count("done")
                case Later(after_s):
                    await self._later(delivery, after_s, "transient")
                case Never(reason):
                    await self._never(delivery, reason)
                case Unknown(error):
                    if delivery.deliveries >= self._policy.max_deliveries:
                        await self._never(delivery, f"EXHAUSTED:{error}")
                    else:
                        await self._later(delivery, None, error)
                case _:
                    assert_never(ending)
        except TransientError as error:
            log.warning("ending_not_told", reason=error.reason)
        self._limit.saw(dead=_is_dead(delivery, ending, self._policy))

    async def _later(self, delivery: Delivery, after_s: float | None, error: str) -> None:
        policy = self._policy
        wait_s = after_s
        if wait_s is None:
            wait_s = backoff_s(
                delivery.deliveries, policy.first_backoff_s, policy.longest_backoff_s
            )
        await delivery.nak(wait_s)
        self._count("later")
        log.info(
            "event_later", wait_s=round(wait_s, 2), deliveries=delivery.deliveries, error=error
        )

    async def _never(self, delivery: Delivery, reason: str) -> None:
        """Copy first, then give up: a crash between leaves two copies, never none."""
        await self._bus.publish_dead_letter(self._service, delivery, reason)
        await delivery.term()
        self._count("dead_letter")
        log.error("event_dead", reason=reason, deliveries=delivery.deliveries)

    def _count(self, outcome: str, amount: int = 1) -> None:
        METRICS.count(
            "isocenter_events_handled_total", amount, service=self._service, outcome=outcome
        )


async def _pause(stop: asyncio.Event, wait_s: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait_s)


def _is_dead(delivery: Delivery, ending: Ending, policy: Policy) -> bool:
    exhausted = isinstance(ending, Unknown) and delivery.deliveries >= policy.max_deliveries
    return isinstance(ending, Never) or exhausted


@asynccontextmanager
async def _progress(deliveries: Sequence[Delivery], every_s: float) -> AsyncIterator[None]:
    """Keep saying that these are being worked on."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(every_s)
            with suppress(TransientError):
                for delivery in deliveries:
                    await delivery.in_progress()

    task = asyncio.create_task(tell(), name="in progress")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def consume(
    service: str,
    subscription: Subscription,
    bus: EventBus,
    stop: asyncio.Event,
    policy: Policy = Policy(),
) -> None:
    """Run one subscription until `stop`; see `Loop.run`."""
    await Loop(service, subscription, bus, policy).run(stop)

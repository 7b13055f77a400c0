"""EventBus: fast, replaceable transport of events. It may lose and repeat; the journal does not."""

from collections.abc import Sequence
from typing import Protocol

from isocenter.events.catalog import Fact
from isocenter.events.event import Event


class Delivery(Protocol):
    """One event handed to this process, to be ended exactly once by ack, nak or term."""

    @property
    def event(self) -> Event:
        """What happened. Raises InvalidRequest when the message cannot be decoded: a matter for the dead letters."""
        ...

    @property
    def deliveries(self) -> int:
        """How often it was handed out, this time included; a hint, for the broker may forget."""
        ...

    async def ack(self) -> None:
        """Done; do not bring it again. Not durable: it may come again all the same."""
        ...

    async def nak(self, after_s: float) -> None:
        """Bring it again later."""
        ...

    async def term(self) -> None:
        """Never bring it again."""
        ...

    async def in_progress(self) -> None:
        """Still at it: start the acknowledgement time anew."""
        ...


class Consumer(Protocol):
    """A durable, shared position in the facts one service listens to."""

    async def fetch(self, max_events: int, timeout_s: float) -> Sequence[Delivery]:
        """What is there, at most `max_events`, after at most `timeout_s` when nothing is. Order is not promised."""
        ...

    async def pending(self) -> int:
        """Events not yet delivered or not yet acknowledged: the lag."""
        ...


class EventBus(Protocol):
    """Publish and consume events.

    Publishing the same event id twice within the broker's window delivers it once; consumers must not rely on it.
    Errors: Unavailable.
    """

    async def publish(self, event: Event) -> None:
        """Return when the broker has it. Raises Unavailable when it does not say so in time; then it may have it."""
        ...

    async def publish_dead_letter(self, service: str, delivery: Delivery, reason: str) -> None:
        """Copy an event to the service's dead letters with the reason, its headers kept."""
        ...

    async def consumer(self, service: str, facts: Sequence[Fact]) -> Consumer:
        """Open the service's durable consumer of these facts, making streams and consumer where missing."""
        ...

    async def close(self) -> None:
        """Flush and leave."""
        ...

"""Event buses that do on purpose what a broker does by accident."""

import asyncio
from collections.abc import Sequence

from isocenter.errors import Unavailable
from isocenter.events.catalog import Fact
from isocenter.events.event import Event
from isocenter.ports.bus import Consumer, Delivery


class RecordingBus:
    """Keeps what was published; refuses while `is_down`; counts how many publishes are under way at once."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_down = False
        self.attempts = 0
        self.most_in_flight = 0
        self._in_flight = 0

    async def publish(self, event: Event) -> None:
        self.attempts += 1
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        await asyncio.sleep(0)
        self._in_flight -= 1
        if self.is_down:
            raise Unavailable("the broker is down")
        self.events.append(event)

    async def publish_dead_letter(self, service: str, delivery: Delivery, reason: str) -> None:
        raise NotImplementedError

    async def consumer(self, service: str, facts: Sequence[Fact]) -> Consumer:
        raise NotImplementedError

    async def close(self) -> None:
        pass

"""A durable consumer by pull requests of our own: no request outlives a reconnect, and no event waits for others.

The client's `fetch` loses its request when the broker restarts and then sits out its whole timeout; here a reconnect
forgets all requests and the next step makes new ones. One inbox serves all streams a service listens to.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from isocenter.adapters.bus.delivery import NatsDelivery
from isocenter.adapters.bus.streams import ConsumerSpec

ANSWER_S = 1.0  # patience with a request that is answered at once
LATE_S = 1.0  # what an expiry may be late before the request counts as lost
NOTHING_THERE = frozenset({"404", "408"})
CONSUMER_GONE = frozenset({"503", "409"})


@dataclass(slots=True)
class _Request:
    """One pull request under way."""

    wanted: int
    expires_s: float  # by the loop's clock
    waits: bool  # for events to come; else it is answered at once


class Connection(Protocol):
    """What a consumer needs of the connection; see `nats.NatsBus`."""

    incarnation: int  # rises with every connect and reconnect

    async def listen(self, inbox: str, arrived: Callable[[Any], Awaitable[None]]) -> None:
        """Subscribe for the life of the connection."""
        ...

    async def send(self, subject: str, reply: str, data: bytes) -> None:
        """Publish without waiting; raises Unavailable when not connected in time."""
        ...

    async def ensure(self, specs: Sequence[ConsumerSpec]) -> None:
        """Make streams and consumers where missing."""
        ...

    async def pending(self, specs: Sequence[ConsumerSpec]) -> int:
        """Events not delivered or not acknowledged."""
        ...


class PullConsumer:
    """`ports.bus.Consumer` over one or more JetStream consumers. Not for two fetches at a time."""

    def __init__(self, connection: Connection, specs: Sequence[ConsumerSpec], inbox: str) -> None:
        self._connection = connection
        self._specs = {spec.stream.name: spec for spec in specs}
        self._inbox = inbox
        self._requests: dict[str, _Request] = {}  # by stream, at most one each
        self._arrived: deque[NatsDelivery] = deque()
        self._news = asyncio.Event()
        self._ensured_for = -1  # incarnation
        self._listening = False

    async def fetch(self, max_events: int, timeout_s: float) -> list[NatsDelivery]:
        """Take what is there; else wait for the first event of any stream, at most `timeout_s`."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        await self._ready()
        if not self._arrived:
            await self._ask(max_events, 0.0)
            await self._wait(min(deadline, self._now() + ANSWER_S), all_answered=True)
        if not self._arrived:
            await self._ask(1, max(deadline - self._now(), 0.05))
            await self._wait(deadline, all_answered=False)
        return [self._arrived.popleft() for _ in range(min(max_events, len(self._arrived)))]

    async def pending(self) -> int:
        """Events not yet delivered or not yet acknowledged."""
        await self._ready()
        return await self._connection.pending(list(self._specs.values()))

    async def _ready(self) -> None:
        """After a reconnect nothing of before counts: requests are lost, and the store may have been wiped."""
        if self._ensured_for != self._connection.incarnation:
            self._requests.clear()
            if not self._listening:
                await self._connection.listen(f"{self._inbox}.*", self._take)
                self._listening = True
            await self._connection.ensure(list(self._specs.values()))
            self._ensured_for = self._connection.incarnation

    async def _ask(self, batch: int, expires_s: float) -> None:
        """Send a pull request to every stream that has none; `expires_s` 0 is answered at once."""
        now = self._now()
        for name, spec in self._specs.items():
            request = self._requests.get(name)
            if request is not None and request.expires_s > now:
                continue
            body: dict[str, object] = {"batch": batch}
            if expires_s:
                body["expires"] = int(expires_s * 1e9)
            else:
                body["no_wait"] = True
            self._requests[name] = _Request(
                batch, now + (expires_s or ANSWER_S) + LATE_S, waits=expires_s > 0
            )
            await self._connection.send(
                f"$JS.API.CONSUMER.MSG.NEXT.{name}.{spec.durable}",
                f"{self._inbox}.{name}",
                json.dumps(body).encode(),
            )

    async def _wait(self, deadline: float, *, all_answered: bool) -> None:
        """Until every request is answered, or the first event came; a reconnect ends it too."""
        incarnation = self._connection.incarnation
        while self._unanswered() if all_answered else not self._arrived:
            self._news.clear()
            left_s = deadline - self._now()
            if left_s <= 0 or self._ensured_for != incarnation:
                return
            if self._connection.incarnation != incarnation:
                return
            try:
                # a slice, so that a reconnect is seen soon
                await asyncio.wait_for(self._news.wait(), min(left_s, 0.25))
            except TimeoutError:
                continue

    async def _take(self, message: Any) -> None:
        """Sort what comes to the inbox: events, and the broker's words about a request."""
        status = (message.headers or {}).get("Status", "")
        if status and not message.reply:
            name = str(message.subject).rpartition(".")[2]
            if status in NOTHING_THERE or status in CONSUMER_GONE:
                self._requests.pop(name, None)
            if status in CONSUMER_GONE:
                self._ensured_for = -1
        else:
            delivery = NatsDelivery(message)
            self._arrived.append(delivery)
            self._count_off(str(message.metadata.stream))
        self._news.set()

    def _unanswered(self) -> bool:
        return any(not request.waits for request in self._requests.values())

    def _count_off(self, name: str) -> None:
        request = self._requests.get(name)
        if request is not None:
            request.wanted -= 1
            if request.wanted <= 0:
                del self._requests[name]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

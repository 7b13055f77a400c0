"""A durable consumer by pull requests of our own: no request outlives a reconnect, and no event waits for others.

The client's `fetch` loses its request when the broker restarts and then sits out its whole timeout; here a reconnect
forgets all requests and the next step makes new ones. One inbox serves all streams a service listens to.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from isocenter.adapters.bus.delivery import NatsDelivery
from isocenter.adapters.bus.streams import ConsumerSpec

ANSWER_S = 1.0  # patience with a request that is answered at once
LATE_S = 1.0  # what an expiry may be late before the request counts as lost
SLICE_S = 0.25  # how soon a reconnect is seen
LEAST_S = 0.05
NOTHING_THERE = frozenset({"404", "408"})


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
        """Subscribe for the life of the connection; again is harmless."""
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

    async def fetch(self, max_events: int, timeout_s: float) -> list[NatsDelivery]:
        """Take what is there; else wait for the first event of any stream, at most `timeout_s`."""
        deadline = self._now() + timeout_s
        await self._ready()
        if not self._arrived:
            await self._ask(max_events, 0.0)
            await self._wait_for_answers(min(deadline, self._now() + ANSWER_S))
        await self._wait_for_an_event(deadline)
        return [self._arrived.popleft() for _ in range(min(max_events, len(self._arrived)))]

    async def pending(self) -> int:
        """Events not yet delivered or not yet acknowledged."""
        await self._ready()
        return await self._connection.pending(list(self._specs.values()))

    async def _ready(self) -> None:
        """After a reconnect nothing of before counts: requests are lost, and the store may have been wiped."""
        if self._ensured_for != self._connection.incarnation:
            self._requests.clear()
            await self._connection.listen(f"{self._inbox}.*", self._take)
            await self._connection.ensure(list(self._specs.values()))
            self._ensured_for = self._connection.incarnation

    async def _ask(self, batch: int, expires_s: float) -> None:
        """Send a pull request to every stream that has none; `expires_s` 0 is answered at once."""
        for name, spec in self._specs.items():
            now = self._now()
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

    async def _wait_for_answers(self, deadline: float) -> None:
        """Until every request that is answered at once is answered."""
        while any(not request.waits for request in self._requests.values()):
            if not await self._news_before(deadline):
                return

    async def _wait_for_an_event(self, deadline: float) -> None:
        """Until an event came. A request may end meanwhile, one of an earlier fetch too: it is made anew."""
        while not self._arrived and deadline - self._now() > 0:
            await self._ask(1, max(deadline - self._now(), LEAST_S))
            if not await self._news_before(deadline):
                return

    async def _news_before(self, deadline: float) -> bool:
        """Wait for something to come to the inbox, a slice at a time; false when waiting on makes no sense."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), min(deadline - self._now(), SLICE_S))
        self._news.clear()
        if self._ensured_for != self._connection.incarnation:
            await asyncio.sleep(
                LEAST_S
            )  # whatever it was, the next fetch is not to ask without a pause
            return False
        return self._now() < deadline

    async def _take(self, message: Any) -> None:
        """Sort what comes to the inbox: events, and the broker's words about a request."""
        status = (message.headers or {}).get("Status", "")
        if status and not message.reply:
            name = str(message.subject).rpartition(".")[2]
            self._requests.pop(name, None)
            if status not in NOTHING_THERE:
                self._ensured_for = (
                    -1
                )  # the consumer or its stream is gone, or the server is leaving
        else:
            delivery = NatsDelivery(message)
            self._arrived.append(delivery)
            self._count_off(str(message.metadata.stream))
        self._news.set()

    def _count_off(self, name: str) -> None:
        request = self._requests.get(name)
        if request is not None:
            request.wanted -= 1
            if request.wanted <= 0:
                del self._requests[name]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

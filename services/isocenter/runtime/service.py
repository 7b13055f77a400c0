"""A service is a value: what it serves, what it listens to, and what it does in between."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from grpc.aio import Server

from isocenter.events.catalog import Fact
from isocenter.events.event import Event
from isocenter.runtime.web import Route


@dataclass(frozen=True, slots=True)
class Subscription:
    """Facts this service listens to, and the handler of a batch of them.

    The handler's effects must be idempotent; the events it returns are published before the batch is acknowledged.
    A PermanentError on a batch of many makes the runtime hand them in one by one. While `wanted` says no, none are
    fetched: they are for another process of the service.
    """

    facts: tuple[Fact, ...]
    handle: Callable[[Sequence[Event]], Awaitable[Sequence[Event]]]
    max_batch: int = 200
    wanted: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Service:
    """What `runtime.lifecycle` runs in one process.

    `servicers` add themselves to the gRPC server; `tasks` run by name until cancelled and end the process when they
    fail; `drains` are called once the process is not serving any more, each in a thread of its own, while tasks still
    run; `conditions`, by the reason that the log names, say whether the process is fit for new work: while one says no
    it is not ready, and goes on living; `routes` are for the web application that composition makes.
    """

    name: str
    servicers: Sequence[Callable[[Server], None]] = ()
    subscriptions: Sequence[Subscription] = ()
    tasks: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    drains: Sequence[Callable[[float], None]] = ()  # with the grace that is left, seconds
    conditions: dict[str, Callable[[], bool]] = field(default_factory=dict)
    routes: Sequence[Route] = ()

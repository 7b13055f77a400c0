"""EventBus on NATS JetStream: the only home of the client library.

The connection is made at the first use and kept for ever; a broker that is away makes calls raise Unavailable after a
bounded time and is found again by itself. Streams and consumers are made where missing, after a wipe of the store too.
Of a cluster any server will do; while its servers choose a new leader for a stream (seconds) calls raise Unavailable.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from isocenter.adapters.bus.delivery import NatsDelivery
from isocenter.adapters.bus.pulling import PullConsumer
from isocenter.adapters.bus.state import BusState, state_of
from isocenter.adapters.bus.streams import (
    ACK_WAIT_S,
    DEAD_LETTERS,
    DEDUPE_WINDOW_S,
    MAX_ACK_PENDING,
    MAX_STREAM_BYTES,
    ConsumerSpec,
    StreamSpec,
    consumers_of,
    dead_letter_subject,
    entity_of,
    stream_of,
    streams,
)
from isocenter.errors import LimitExceeded, Unavailable
from isocenter.events.catalog import Fact, check_site
from isocenter.events.event import Event
from isocenter.events.headers import MAX_DATA_BYTES, encode
from isocenter.ports.bus import Consumer, Delivery

START_S = 5.0
CALL_S = 2.0
ATTEMPTS_S = (1.0, 2.0, 3.0)  # patience with each
PAUSE_S = 0.1  # a cluster that has just made a stream, or lost its leader, says at once that there is none
MAX_HEADER_BYTES = 128 << 10
MESSAGE_ID = "Nats-Msg-Id"
T = TypeVar("T")
OTHER_CONFIGURATION = 10058  # JetStream: the stream is there, made otherwise


class NatsBus:
    """`ports.bus.EventBus`; one per process and event loop. With a `user`, the token is that user's password."""

    def __init__(
        self,
        servers: str | Sequence[str],
        *,
        site: str,
        user: str = "",
        token: str = "",
        name: str = "",
        replicas: int = 1,
    ) -> None:
        self._servers = [servers] if isinstance(servers, str) else list(servers)
        self._proof = {"user": user, "password": token} if user else {"token": token or None}
        self._name = name or "isocenter"
        self._replicas = replicas
        self.start_s = START_S  # patience with the first connection
        self._site = check_site(site)
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._back = asyncio.Event()  # connected just now
        self._listening: dict[str, Client] = {}
        self.incarnation = 0

    async def publish(self, event: Event) -> None:
        """Publish once, whatever the number of attempts: the id is the broker's de-duplication id."""
        headers, data = encode(event)
        if len(data) > MAX_DATA_BYTES:
            raise LimitExceeded("an event is too large", max_bytes=MAX_DATA_BYTES)
        headers[MESSAGE_ID] = event.id
        await self._publish(
            event.subject, headers, data, stream_of(entity_of(event.fact), self._site)
        )

    async def publish_dead_letter(self, service: str, delivery: Delivery, reason: str) -> None:
        """Copy a message as it came, its headers kept, under the service's dead letters."""
        if not isinstance(delivery, NatsDelivery):
            raise TypeError("a delivery of another bus")
        partition = delivery.subject.rpartition(".")[2]
        headers = delivery.headers
        was = headers.pop(MESSAGE_ID, "") or f"{delivery.subject}#{delivery.sequence}"
        headers |= {
            MESSAGE_ID: f"{was}:{service}",
            "isocenter-reason": reason[:256],
            "isocenter-service": service,
            "isocenter-subject": delivery.subject,
            "isocenter-sequence": str(delivery.sequence),
            "isocenter-deliveries": str(delivery.deliveries),
        }
        subject = dead_letter_subject(service, self._site, partition)
        await self._publish(subject, headers, delivery.data, stream_of(DEAD_LETTERS, self._site))

    async def consumer(self, service: str, facts: Sequence[Fact]) -> Consumer:
        """Open the service's position in these facts; one consumer per service and stream."""
        specs = consumers_of(service, self._site, facts)
        client = await self._connected()
        consumer = PullConsumer(self, specs, client.new_inbox())
        await self.ensure(specs)
        return consumer

    async def close(self) -> None:
        """Send what is buffered and leave."""
        client, self._client = self._client, None
        if client is None or client.is_closed:
            return
        try:
            if client.is_connected:
                await asyncio.wait_for(client.flush(), CALL_S)
        except (nats.errors.Error, TimeoutError, OSError):
            pass  # nothing of value: acknowledgements come again
        finally:
            await client.close()

    # What PullConsumer needs

    async def listen(self, inbox: str, arrived: Callable[[Any], Awaitable[None]]) -> None:
        """Subscribe once per client; the client itself subscribes again after each reconnect."""
        client = await self._connected()
        if self._listening.get(inbox) is client:
            return
        async with _translated():
            await client.subscribe(inbox, cb=arrived)
        self._listening[inbox] = client

    async def send(self, subject: str, reply: str, data: bytes) -> None:
        """Publish a request."""
        client = await self._connected()
        async with _translated():
            await client.publish(subject, data, reply=reply)

    async def ensure(self, specs: Sequence[ConsumerSpec]) -> None:
        """Make or update streams and durable consumers."""

        async def make(client: Client, timeout_s: float) -> None:
            for spec in specs:
                await self._ensure_stream(client, spec.stream, timeout_s)
                await client.jetstream(timeout=timeout_s).add_consumer(
                    spec.stream.name, _consumer_config(spec)
                )

        await self._call(make)

    async def ensure_streams(self) -> None:
        """Make all streams of the site."""

        async def make(client: Client, timeout_s: float) -> None:
            for spec in streams(self._site):
                await self._ensure_stream(client, spec, timeout_s)

        await self._call(make)

    async def state(self) -> BusState:
        """What is there of the site: streams, lags, dead letters."""
        return await self._call(lambda client, timeout_s: state_of(client, self._site, timeout_s))

    async def pending(self, specs: Sequence[ConsumerSpec]) -> int:
        """Lag over all streams."""

        async def count(client: Client, timeout_s: float) -> int:
            jetstream = client.jetstream(timeout=timeout_s)
            about = [
                await jetstream.consumer_info(spec.stream.name, spec.durable) for spec in specs
            ]
            return sum((one.num_pending or 0) + (one.num_ack_pending or 0) for one in about)

        return await self._call(count)

    async def _publish(
        self, subject: str, headers: dict[str, str], data: bytes, stream: StreamSpec
    ) -> None:
        async def publish(client: Client, timeout_s: float) -> None:
            jetstream = client.jetstream()
            try:
                await jetstream.publish(subject, data, timeout=timeout_s, headers=headers)
            except nats.js.errors.NoStreamResponseError:
                await self._ensure_stream(client, stream, timeout_s)
                await jetstream.publish(subject, data, timeout=timeout_s, headers=headers)

        await self._call(publish)

    async def _call(self, call: Callable[[Client, float], Awaitable[T]]) -> T:
        """Do something that may be done twice; what was under way when the broker went away is done again."""
        last: Exception | None = None
        for timeout_s in ATTEMPTS_S:
            client = await self._connected()
            try:
                return await call(client, timeout_s)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                last = error
                await asyncio.sleep(PAUSE_S)
        raise Unavailable("the broker does not answer", error=type(last).__name__) from last

    async def _ensure_stream(self, client: Client, spec: StreamSpec, timeout_s: float) -> None:
        """Make the stream, or bring one that was made otherwise in line."""
        jetstream = client.jetstream(timeout=timeout_s)
        config = _stream_config(spec, self._replicas)
        try:
            await jetstream.add_stream(config)
        except nats.js.errors.APIError as error:
            if error.err_code != OTHER_CONFIGURATION:
                raise
            await jetstream.update_stream(config)

    async def _connected(self) -> Client:
        """Return the client while it is connected; wait for that a bounded time."""
        client = self._client
        if client is None or client.is_closed:
            async with self._connecting:
                if self._client is None or self._client.is_closed:
                    self._client = await self._connect()
                return self._client
        if not client.is_connected:
            try:
                await asyncio.wait_for(self._wait_until_back(client), CALL_S)
            except TimeoutError:
                raise Unavailable("the broker is away") from None
        return client

    async def _wait_until_back(self, client: Client) -> None:
        while not client.is_connected:
            self._back.clear()
            await self._back.wait()

    async def _connect(self) -> Client:
        """Connect, giving up after the start-up time: the client itself would try for ever without a word."""
        client = Client()
        try:
            await asyncio.wait_for(
                client.connect(
                    self._servers,
                    name=self._name,
                    **self._proof,
                    connect_timeout=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=random.uniform(0.25, 0.75),  # noqa: S311  (spreads the herd)
                    ping_interval=5,
                    max_outstanding_pings=2,
                    error_cb=_unsaid,
                    reconnected_cb=self._reconnected,
                ),
                self.start_s,
            )
        except (nats.errors.Error, TimeoutError, OSError) as error:
            await client.close()
            raise Unavailable("the broker does not answer") from error
        self.incarnation += 1
        return client

    async def _reconnected(self) -> None:
        self.incarnation += 1
        self._back.set()


async def _unsaid(_: Exception) -> None:
    """Errors of the connection show as Unavailable where they matter; the client would print them."""


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable("the broker does not answer", error=type(error).__name__) from error


def _stream_config(spec: StreamSpec, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=spec.keep_s,
        max_bytes=MAX_STREAM_BYTES,
        max_msg_size=MAX_DATA_BYTES
        + MAX_HEADER_BYTES * (2 if spec.name.endswith(DEAD_LETTERS) else 1),
        duplicate_window=DEDUPE_WINDOW_S,
        num_replicas=replicas,
    )


def _consumer_config(spec: ConsumerSpec) -> ConsumerConfig:
    """Give the consumer; it has as many replicas as its stream.

    Deliveries are not limited by the broker, `runtime.consume` decides when it is enough.
    """
    return ConsumerConfig(
        durable_name=spec.durable,
        filter_subjects=list(spec.filters),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_deliver=-1,
        max_ack_pending=MAX_ACK_PENDING,
        max_waiting=512,
    )

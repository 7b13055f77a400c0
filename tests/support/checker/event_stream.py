"""All events of one stream, read with the broker's own client from the first to the last."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import nats
import nats.errors
from nats.js.api import AckPolicy
from tests.support.checker import wire
from tests.support.checker.check import Said

BATCH = 500
FORGOTTEN_AFTER_S = 10.0
PATIENCE_S = 30.0


class Broker(NamedTuple):
    """Where it is and who asks; a token without a user stands for itself."""

    url: str
    token: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it lies in the stream. `at_s` is the broker's clock, seconds since 1970."""

    kind: str
    id: str
    partition: int
    at_s: float
    data: bytes


def _message(message: Any) -> Message:
    headers = message.headers or {}
    kind = message.subject.split(".", 3)[3].rpartition(".")[0]
    partition = int(message.subject.rpartition(".")[2])
    at_s = message.metadata.timestamp.timestamp()
    return Message(kind, headers.get("ce-id", ""), partition, at_s, message.data)


async def _read(broker: Broker, stream: str) -> list[Message]:
    proof = {"user": broker.user, "password": broker.token} if broker.user else {}
    scheme, _, addresses = broker.url.partition("://")
    servers = [f"{scheme}://{address}" for address in addresses.split(",")]
    client = await nats.connect(servers, **(proof or {"token": broker.token}))
    try:
        jetstream = client.jetstream()
        last = (await jetstream.stream_info(stream)).state.last_seq
        found: list[Message] = []
        if last == 0:
            return found
        name = f"checker-{secrets.token_hex(4)}"
        await jetstream.add_consumer(
            stream,
            durable_name=name,  # an account may make no others
            ack_policy=AckPolicy.NONE,
            inactive_threshold=FORGOTTEN_AFTER_S,
            mem_storage=True,
            num_replicas=1,
        )
        subscription = await jetstream.pull_subscribe_bind(name, stream)
        reached = 0
        while reached < last:
            for message in await subscription.fetch(BATCH, timeout=10):
                reached = message.metadata.sequence.stream
                found.append(_message(message))
        return found
    finally:
        await client.close()


def messages(broker: Broker, stream: str) -> list[Message]:
    """Everything the stream holds, in its order. A cluster that is choosing who leads is asked again."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return asyncio.run(_read(broker, stream))
        except nats.errors.Error:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1)


def said(message: Message) -> Said:
    """What an `instance.stored` names."""
    ((_, place),) = [field for field in wire.fields(message.data) if field[0] == 1]
    assert isinstance(place, bytes)
    node, epoch = wire.texts(place, 1, 2)
    return Said(
        node,
        epoch,
        wire.number(place, 3),
        wire.number(place, 4),
        message.partition,
        wire.number(message.data, 3),
        wire.number(message.data, 4),
        message.id,
        message.at_s,
    )

"""All events of one stream, read with the broker's own client from the first to the last."""

import asyncio
from dataclasses import dataclass
from typing import Any

import nats
from tests.support.checker import wire
from tests.support.checker.check import Said


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


async def _read(url: str, token: str, stream: str) -> list[Message]:
    client = await nats.connect(url, token=token)
    try:
        jetstream = client.jetstream()
        last = (await jetstream.stream_info(stream)).state.last_seq
        found: list[Message] = []
        if last == 0:
            return found
        subscription = await jetstream.subscribe(
            "isocenter.v1.>", stream=stream, ordered_consumer=True
        )
        reached = 0
        while reached < last:
            message = await subscription.next_msg(timeout=10)
            reached = message.metadata.sequence.stream
            found.append(_message(message))
        return found
    finally:
        await client.close()


def messages(url: str, token: str, stream: str) -> list[Message]:
    """Everything the stream holds, in its order."""
    return asyncio.run(_read(url, token, stream))


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

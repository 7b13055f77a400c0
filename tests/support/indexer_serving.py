"""The whole indexer service in this process, on a real broker; and somebody who listens to what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.support.indexing import World

from isocenter.adapters.bus.nats import NatsBus
from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.index.v1 import index_service_pb2_grpc as rpc
from isocenter.dicom.uids import partition_of
from isocenter.errors import Unavailable
from isocenter.events import catalog
from isocenter.events.event import Event
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.service import build
from isocenter.indexer.settings import IndexerSettings
from isocenter.ports.journal import Position
from isocenter.runtime.lifecycle import Process, live
from isocenter.runtime.rpc_channels import channel
from isocenter.runtime.run_folder import prepare

TOKEN = "0123456789abcdef"


class Running:
    """`said` are facts as they were heard, `studies` those they were about."""

    def __init__(
        self,
        bus: NatsBus,
        stub: "rpc.IndexServiceAsyncStub",
        said: list[str],
        studies: list[str],
    ) -> None:
        self.bus = bus
        self.stub = stub
        self.said = said
        self.studies = studies


@asynccontextmanager
async def serving(world: World, bus: NatsBus, **given: object) -> AsyncIterator[Running]:
    settings = IndexerSettings(
        data_folder=world.root,
        run_folder=world.root / "run",
        rpc_token=TOKEN,
        **given,  # type: ignore[arg-type]  # checked by pydantic
    )
    prepare(settings.run_folder)
    ports = Ports(world.generations, world.journal, world.clock)
    service, indexing = build(lambda: Indexer(ports, settings), bus, settings)
    stop, started = asyncio.Event(), asyncio.Event()
    said, studies = list[str](), list[str]()
    async with asyncio.TaskGroup() as group:
        process = group.create_task(live(Process(service, bus), settings, stop, started))
        group.create_task(listen(bus, said, studies, stop))
        await started.wait()
        async with channel(settings.run_folder, "indexer", TOKEN) as way:
            yield Running(bus, rpc.IndexServiceStub(way), said, studies)
        stop.set()
        assert await process == 0
    indexing.close()
    await bus.close()


async def listen(bus: NatsBus, said: list[str], studies: list[str], stop: asyncio.Event) -> None:
    """Until told to stop: a cancellation may be swallowed by `asyncio.wait_for`, which the client uses."""
    facts = [fact for fact in catalog.FACTS if fact.producer == "indexer"]
    while not stop.is_set():
        with suppress(Unavailable):
            consumer = await bus.consumer("streaming", facts)
            while not stop.is_set():
                for delivery in await consumer.fetch(100, 0.5):
                    message: Any = delivery.event.message
                    said.append(delivery.event.fact.name)
                    studies.append(message.study_instance_uid)
                    await delivery.ack()


def stored(positions: list[Position], study: str = "1.2.1") -> Event:
    first, last = positions[0], positions[-1]
    place = events.JournalRange(
        node=first.node,
        epoch=first.epoch,
        first_sequence=first.sequence,
        last_sequence=last.sequence,
    )
    message = events.InstanceStored(range=place, last_version=1 << 62)
    return Event(catalog.INSTANCE_STORED, "local", partition_of(study), str(last), message)


def visible(world: World, study: str = "1.2.1") -> list[tuple[str, str]]:
    try:
        return world.visible(study)
    except Exception:  # there is no index yet
        return []

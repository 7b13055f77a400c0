"""The whole service on a real broker: events in, rows and events out."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from tests.support.indexing import World, receipt
from tests.support.nats_server import RunningNats, running_nats
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1 import index_service_pb2_grpc as rpc
from isocenter.dicom.uids import partition_of
from isocenter.errors import Conflict, InvalidRequest
from isocenter.events import catalog
from isocenter.events.event import Event
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.service import build
from isocenter.indexer.settings import IndexerSettings
from isocenter.ports.journal import Position
from isocenter.runtime.lifecycle import Process, live
from isocenter.runtime.rpc import channel
from isocenter.runtime.rpc_errors import translated
from isocenter.runtime.run_folder import prepare

TOKEN = "0123456789abcdef"


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[RunningNats]:
    (tmp_path / "nats").mkdir()
    with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


class Running:
    def __init__(self, bus: NatsBus, stub: "rpc.IndexServiceAsyncStub", said: list[str]) -> None:
        self.bus = bus
        self.stub = stub
        self.said = said


@asynccontextmanager
async def serving(world: World, nats: RunningNats, **given: object) -> AsyncIterator[Running]:
    settings = IndexerSettings(
        data_folder=world.root,
        run_folder=world.root / "run",
        rpc_token=TOKEN,
        **given,  # type: ignore[arg-type]  # checked by pydantic
    )
    prepare(settings.run_folder)
    bus = NatsBus(nats.url, site="local", token=nats.token)
    ports = Ports(world.generations, world.journal, world.clock)
    service, indexing = build(lambda: Indexer(ports, settings), bus, settings)
    stop, started = asyncio.Event(), asyncio.Event()
    said: list[str] = []
    async with asyncio.TaskGroup() as group:
        process = group.create_task(live(Process(service, bus), settings, stop, started))
        listener = group.create_task(listen(bus, said))
        await started.wait()
        async with channel(settings.run_folder, "indexer", TOKEN) as way:
            yield Running(bus, rpc.IndexServiceStub(way), said)
        stop.set()
        assert await process == 0
        listener.cancel()
    indexing.close()
    await bus.close()


async def listen(bus: NatsBus, said: list[str]) -> None:
    facts = [fact for fact in catalog.FACTS if fact.producer == "indexer"]
    consumer = await bus.consumer("streaming", facts)
    while True:
        for delivery in await consumer.fetch(100, 0.5):
            said.append(delivery.event.fact.name)
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


async def test_event_makes_instances_findable_and_their_study_known(
    world: World, nats: RunningNats
) -> None:
    async with serving(world, nats) as running:
        positions = world.tell(receipt(), receipt("1.2.3.2"))
        await running.bus.publish(stored(positions))
        await until(lambda: len(visible(world)) == 2)
        await until(lambda: running.said == ["study.arrived"])
        await until(lambda: not provisional(world))


def visible(world: World) -> list[tuple[str, str]]:
    try:
        return world.visible()
    except Exception:  # there is no index yet
        return []


def provisional(world: World) -> bool:
    row = world.reader.study("1.2.1")
    return row is None or row.provisional


async def test_lost_event_is_made_up_for_by_the_sweep(world: World, nats: RunningNats) -> None:
    async with serving(world, nats, sweep_s=0.05) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        await until(lambda: running.said == ["study.arrived"])


async def test_study_is_completed_and_said_so(world: World, nats: RunningNats) -> None:
    async with serving(world, nats, sweep_s=0.05, settle_s=1.0) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        world.now_ms += 2_000
        await until(lambda: running.said == ["study.arrived", "study.completed"])


async def test_broker_that_is_away_delays_what_is_said_and_not_what_is_found(
    world: World, nats: RunningNats
) -> None:
    async with serving(world, nats, sweep_s=0.05) as running:
        await until((world.root / "index" / "current").exists)
        nats.stop()
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        nats.start()
        await until(lambda: "study.arrived" in running.said, within_s=20)


async def test_index_deleted_under_the_running_service_comes_back(
    world: World, nats: RunningNats
) -> None:
    async with serving(world, nats, sweep_s=0.05) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        await until(lambda: running.said == ["study.arrived"])
        shutil.rmtree(world.root / "index")
        world.tell(receipt("1.2.3.2"))
        await until(lambda: len(visible(world)) == 2)
        assert running.said == ["study.arrived"]


async def test_people_ask_over_grpc(world: World, nats: RunningNats) -> None:
    async with serving(world, nats) as running:
        await running.stub.CatchUp(pb.CatchUpRequest(), timeout=10)
        world.tell(receipt(), receipt("1.2.3.2", patient="another"))
        answer = await running.stub.CatchUp(pb.CatchUpRequest(), timeout=10)
        assert answer.applied_entries == 2
        [hold] = world.reader.holds()
        request = pb.HandleHeldRequest(
            hold_id=hold.hold_id, action=pb.HELD_ACTION_RELEASE, caller="a person"
        )
        handled = await running.stub.HandleHeld(request, timeout=10)
        assert handled.study_instance_uid == "1.2.1"
        assert len(world.visible()) == 2
        with pytest.raises(Conflict), translated():
            request.action = pb.HELD_ACTION_DROP
            await running.stub.HandleHeld(request, timeout=10)
        with pytest.raises(InvalidRequest), translated():
            await running.stub.HandleHeld(pb.HandleHeldRequest(), timeout=10)
        progress = [
            step async for step in running.stub.Rebuild(pb.RebuildRequest(caller="me"), timeout=30)
        ]
        assert progress[-1].finished
        assert len(world.visible()) == 2
        with pytest.raises(grpc.aio.AioRpcError):
            await running.stub.CatchUp(pb.CatchUpRequest())  # without a deadline

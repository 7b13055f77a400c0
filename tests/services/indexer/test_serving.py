"""The whole service on a real broker: events in, rows and events out."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from structlog.testing import capture_logs
from tests.support.checker import index_rows
from tests.support.indexer_serving import serving, stored, visible
from tests.support.indexing import World, receipt
from tests.support.nats_server import RunningNats, running_nats
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.errors import Conflict, InvalidRequest, Unavailable
from isocenter.indexer import serving as serving_room
from isocenter.indexer.indexing import Indexer
from isocenter.indexer.serving import IndexerService
from isocenter.indexer.settings import IndexerSettings
from isocenter.runtime.rpc_errors import translated


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[RunningNats]:
    (tmp_path / "nats").mkdir()
    with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def bus(nats: RunningNats) -> NatsBus:
    return NatsBus(nats.url, site="local", token=nats.token)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


async def test_event_makes_instances_findable_and_their_study_known(
    world: World, bus: NatsBus
) -> None:
    async with serving(world, bus) as running:
        positions = world.tell(receipt(), receipt("1.2.3.2"))
        await running.bus.publish(stored(positions))
        await until(lambda: len(visible(world)) == 2)
        await until(lambda: running.said == ["study.arrived"])
        await until(lambda: not provisional(world))


def provisional(world: World) -> bool:
    row = world.reader.study("1.2.1")
    return row is None or row.provisional


async def test_lost_event_is_made_up_for_by_the_sweep(world: World, bus: NatsBus) -> None:
    async with serving(world, bus, sweep_s=0.05) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        await until(lambda: running.said == ["study.arrived"])


async def test_study_is_completed_and_said_so(world: World, bus: NatsBus) -> None:
    async with serving(world, bus, sweep_s=0.05, settle_s=1.0) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        world.now_ms += 2_000
        await until(lambda: running.said == ["study.arrived", "study.completed"])


async def test_who_stands_by_says_so_once_and_not_with_every_try(
    bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_room, "RETRY_S", 0.001)
    tries: list[None] = []

    def another_has_it() -> Indexer:
        tries.append(None)
        raise Unavailable

    with capture_logs() as logs:
        standing_by = IndexerService(another_has_it, bus, IndexerSettings())
        sweep = asyncio.ensure_future(standing_by.sweep())
        await until(lambda: len(tries) > 20)
        sweep.cancel()
        standing_by.close()
    assert [log["event"] for log in logs] == ["index_not_open"]


async def test_study_that_was_marked_behind_its_back_is_recomputed(
    world: World, bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that had the index before, in a write that came late."""
    looks: list[tuple[int, int]] = []  # how old what is looked for has to be, and how much it was

    def watched(indexer: Indexer, older_than_ms: int = 0) -> int:
        made = refresh(indexer, older_than_ms)
        looks.append((older_than_ms, made))
        return made

    refresh = Indexer.refresh
    monkeypatch.setattr(Indexer, "refresh", watched)
    async with serving(world, bus, sweep_s=0.05) as running:
        world.tell(receipt())
        await until(lambda: running.said == ["study.arrived"])
        await until(lambda: looks[-1:] == [(0, 0)] and not provisional(world))  # at rest
        with closing(sqlite3.connect(index_rows.serving(world.root / "index"))) as late, late:
            late.execute("INSERT INTO dirty VALUES ('1.2.1', 0)")
        await until(lambda: index_rows.dirty(world.root / "index") == 0)


async def test_broker_that_is_away_delays_what_is_said_and_not_what_is_found(
    world: World, nats: RunningNats, bus: NatsBus
) -> None:
    async with serving(world, bus, sweep_s=0.05) as running:
        await until((world.root / "index" / "current").exists)
        nats.stop()
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        nats.start()
        await until(lambda: "study.arrived" in running.said, within_s=20)


async def test_index_deleted_under_the_running_service_comes_back(
    world: World, bus: NatsBus
) -> None:
    async with serving(world, bus, sweep_s=0.05) as running:
        world.tell(receipt())
        await until(lambda: len(visible(world)) == 1)
        await until(lambda: running.said == ["study.arrived"])
        shutil.rmtree(world.root / "index")
        world.tell(receipt("1.2.3.2"))
        await until(lambda: len(visible(world)) == 2)
        assert running.said == ["study.arrived"]


async def test_people_ask_over_grpc(world: World, bus: NatsBus) -> None:
    async with serving(world, bus) as running:
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

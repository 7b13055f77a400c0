"""Whose turn it is: urgent first, lanes in turns, a study never twice at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.wait import until

from isocenter.errors import Unavailable
from isocenter.transcoder.schedule import Schedule, Urgency


class Steps:
    """Remembers the order of steps; each waits until it is let through."""

    def __init__(self, steps_of: int = 1) -> None:
        self.order: list[str] = []
        self.busy: set[str] = set()
        self.room = asyncio.Semaphore(0)
        self._left: dict[str, int] = {}
        self._steps_of = steps_of

    async def __call__(self, study: str, urgency: Urgency) -> str | None:
        assert study not in self.busy
        self.busy.add(study)
        await self.room.acquire()
        self.busy.discard(study)
        self.order.append(study)
        left = self._left.get(study, self._steps_of) - 1
        self._left[study] = left
        return f"{study} done" if left <= 0 else None


@asynccontextmanager
async def running(schedule: Schedule[str], steps: Steps, workers: int = 1) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(schedule.run(steps)) for _ in range(workers)]
        yield
        for task in tasks:
            task.cancel()


async def wanted(
    schedule: Schedule[str], *turns: tuple[str, str, Urgency]
) -> list[asyncio.Task[str]]:
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(schedule.want(*turn)) for turn in turns]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_is_read_comes_before_what_arrives_and_that_before_what_is_old() -> None:
    schedule, steps = Schedule[str](), Steps()
    asked = await wanted(
        schedule,
        ("old", "CT", Urgency.BACKFILL),
        ("new", "CT", Urgency.ARRIVING),
        ("read", "CT", Urgency.READING),
    )
    async with running(schedule, steps):
        for _ in asked:
            steps.room.release()
        assert await asyncio.gather(*asked) == ["old done", "new done", "read done"]
    assert steps.order == ["read", "new", "old"]


async def test_lanes_take_turns() -> None:
    schedule, steps = Schedule[str](), Steps()
    turns = [(f"CT {n}", "CT", Urgency.ARRIVING) for n in range(3)]
    asked = await wanted(schedule, *turns, ("MR", "MR", Urgency.ARRIVING))
    async with running(schedule, steps):
        for _ in asked:
            steps.room.release()
        await asyncio.gather(*asked)
    assert steps.order == ["CT 0", "MR", "CT 1", "CT 2"]


async def test_a_large_study_lets_others_in_between() -> None:
    schedule, steps = Schedule[str](), Steps(steps_of=3)
    asked = await wanted(schedule, ("a", "CT", Urgency.ARRIVING), ("b", "MR", Urgency.ARRIVING))
    async with running(schedule, steps):
        for _ in range(6):
            steps.room.release()
        await asyncio.gather(*asked)
    assert steps.order == ["a", "b", "a", "b", "a", "b"]


async def test_who_asks_while_it_is_worked_on_waits_for_another_turn() -> None:
    schedule, steps = Schedule[str](), Steps()
    async with running(schedule, steps, workers=2):
        (first,) = await wanted(schedule, ("a", "CT", Urgency.ARRIVING))
        await until(lambda: bool(steps.busy))
        (second,) = await wanted(schedule, ("a", "CT", Urgency.ARRIVING))
        steps.room.release()
        await first
        assert not second.done()
        steps.room.release()
        await second
    assert steps.order == ["a", "a"]


async def test_more_urgent_it_moves_to_the_front() -> None:
    schedule, steps = Schedule[str](), Steps()
    asked = await wanted(
        schedule,
        ("a", "CT", Urgency.BACKFILL),
        ("b", "CT", Urgency.BACKFILL),
        ("b", "CT", Urgency.READING),
    )
    async with running(schedule, steps):
        steps.room.release()
        steps.room.release()
        await asyncio.gather(*asked)
    assert steps.order == ["b", "a"]


async def test_an_error_is_theirs_who_wait_and_the_next_study_has_its_turn() -> None:
    schedule = Schedule[str]()

    async def step(study: str, urgency: Urgency) -> str | None:
        if study == "bad":
            raise Unavailable("away")
        return "done"

    bad, good = await wanted(
        schedule, ("bad", "CT", Urgency.ARRIVING), ("good", "CT", Urgency.ARRIVING)
    )
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(schedule.run(step))
        with pytest.raises(Unavailable):
            await bad
        assert await good == "done"
        worker.cancel()
    assert len(schedule) == 0

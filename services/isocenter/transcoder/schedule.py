"""Whose turn it is: what somebody waits for first, then what arrives, then what is old; fair between lanes in each."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class Urgency(IntEnum):
    """Less is sooner."""

    READING = 0
    ARRIVING = 1
    BACKFILL = 2


@dataclass(slots=True)
class _Turn(Generic[T]):
    """A study that has something to be done, and who waits for it."""

    study: str
    lane: str
    urgency: Urgency
    waiting: list[asyncio.Future[T]] = field(default_factory=list)


Step = Callable[[str, Urgency], Awaitable[T | None]]
"""Work on a study for a moment; gives its outcome once nothing is left to be done."""


class Schedule(Generic[T]):
    """Studies take turns, one step at a time; a study is never worked on twice at once. Of one event loop."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn[T]] = {}
        self._lanes: dict[Urgency, dict[str, deque[str]]] = {one: {} for one in Urgency}
        self._busy: set[str] = set()
        self._there = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._turns)

    async def want(self, study: str, lane: str, urgency: Urgency) -> T:
        """Wait until the study is as it should be, as of now or later; raises what a step raised."""
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        async with self._there:
            turn = self._turns.get(study)
            if turn is None:
                turn = self._turns[study] = _Turn(study, lane, urgency)
                self._queue(turn)
            elif urgency < turn.urgency:
                turn.urgency = urgency
                self._queue(turn)
            turn.waiting.append(waiting)
            self._there.notify_all()
        return await waiting

    async def run(self, step: Step[T]) -> None:
        """Take turns until cancelled; several may run."""
        while True:
            turn = await self._next()
            try:
                outcome = await step(turn.study, turn.urgency)
            except Exception as error:  # theirs who wait: the next study has its turn all the same
                await self._end(turn, partial(_fail, error))
                continue
            except BaseException:
                await self._end(turn, _cancel)
                raise
            if outcome is None:
                await self._again(turn)
            else:
                await self._end(turn, partial(_answer, outcome))

    async def _next(self) -> _Turn[T]:
        async with self._there:
            while True:
                turn = self._take()
                if turn is not None:
                    return turn
                await self._there.wait()

    def _take(self) -> _Turn[T] | None:
        for lanes in self._lanes.values():
            for lane in list(lanes):
                waiting = lanes.pop(lane)
                study = self._first_free(waiting, lanes)
                if waiting:
                    lanes[lane] = waiting  # behind the other lanes
                if study is not None:
                    self._busy.add(study)
                    return self._turns.pop(study)
        return None

    def _first_free(self, waiting: deque[str], lanes: dict[str, deque[str]]) -> str | None:
        for _ in range(len(waiting)):
            study = waiting.popleft()
            turn = self._turns.get(study)
            if turn is None or self._lanes[turn.urgency] is not lanes:
                continue  # taken already, or queued where it is more urgent
            if study in self._busy:
                waiting.append(study)
                continue
            return study
        return None

    async def _again(self, turn: _Turn[T]) -> None:
        """Queue it behind the others; who asked meanwhile waits for the same turn now."""
        async with self._there:
            self._busy.discard(turn.study)
            asked = self._turns.get(turn.study)
            if asked is None:
                self._turns[turn.study] = turn
                self._queue(turn)
            else:
                asked.waiting += turn.waiting
            self._there.notify_all()

    async def _end(self, turn: _Turn[T], tell: Callable[[asyncio.Future[T]], None]) -> None:
        async with self._there:
            self._busy.discard(turn.study)
            for waiting in turn.waiting:
                if not waiting.done():
                    tell(waiting)
            self._there.notify_all()

    def _queue(self, turn: _Turn[T]) -> None:
        self._lanes[turn.urgency].setdefault(turn.lane, deque()).append(turn.study)


def _answer(outcome: T, waiting: asyncio.Future[T]) -> None:
    waiting.set_result(outcome)


def _fail(error: Exception, waiting: asyncio.Future[T]) -> None:
    waiting.set_exception(error)


def _cancel(waiting: asyncio.Future[T]) -> None:
    waiting.cancel()

"""Group commit: calls that come while one is under way share the next. For syncs: one costs as much as many."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """One caller's part. `turn` is released once: when the call is done, or when it is to lead."""

    __slots__ = ("done", "error", "item", "result", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = threading.Lock()
        self.turn.acquire()
        self.done = False
        self.error: BaseException | None = None
        self.result: Result | None = None


class Grouping(Generic[Item, Result]):
    """Runs `commit` on all items that wait, one commit at a time, in the thread of one of the callers.

    An idle group commits at once; nobody waits for company. `commit` returns one result per item, in order; what it
    raises is raised to every caller of that commit. `weight` and `max_weight` bound one commit.
    """

    def __init__(
        self,
        commit: Callable[[list[Item]], Sequence[Result]],
        weight: Callable[[Item], int] = lambda _: 1,
        max_weight: int = 1024,
    ) -> None:
        self._commit = commit
        self._weight = weight
        self._max_weight = max_weight
        self._lock = threading.Lock()
        self._waiting: deque[_Call[Item, Result]] = deque()
        self._busy = False

    def run(self, item: Item) -> Result:
        """Return when a commit that began after this call, with this item in it, is done."""
        call: _Call[Item, Result] = _Call(item)
        with self._lock:
            self._waiting.append(call)
            leads = not self._busy
            self._busy = True
        if not leads:
            call.turn.acquire()
        if not call.done:
            self._lead()
        if call.error is not None:
            raise call.error
        return call.result  # type: ignore[return-value]  # set by _lead, of the commit's own type

    def _lead(self) -> None:
        batch = self._take()
        try:
            results = self._commit([call.item for call in batch])
            for call, result in zip(batch, results, strict=True):
                call.result = result
        except BaseException as error:  # every caller of this commit gets it
            for call in batch:
                call.error = error
        self._hand_over(batch)

    def _take(self) -> list[_Call[Item, Result]]:
        """The leader's own call is first in the queue, so it is always taken."""
        with self._lock:
            batch = [self._waiting.popleft()]
            weight = self._weight(batch[0].item)
            while self._waiting:
                weight += self._weight(self._waiting[0].item)
                if weight > self._max_weight:
                    break
                batch.append(self._waiting.popleft())
            return batch

    def _hand_over(self, batch: list[_Call[Item, Result]]) -> None:
        with self._lock:
            successor = self._waiting[0] if self._waiting else None
            self._busy = successor is not None
        if successor is not None:
            successor.turn.release()
        for call in batch:
            call.done = True
            call.turn.release()

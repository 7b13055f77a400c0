"""The sending side of one call: files in pieces, at most so many of them unanswered."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from isocenter.api.ingest.v1.ingest_service_pb2 import StoreRequest

PIECE_BYTES = 1 << 20
MAX_UNANSWERED = 32  # files
LOOK_EVERY_S = 0.2  # whether the call is over

File = Path | bytes


class Waiting:
    """Files that are still to be sent: first those that have to go again, then the rest."""

    def __init__(self, files: Iterable[File]) -> None:
        self._files = iter(files)
        self._again: deque[tuple[File, int]] = deque()
        self._unanswered: list[tuple[File, int]] = []
        self._is_exhausted = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._is_exhausted and not self._again and not self._unanswered

    def next(self) -> tuple[File, int] | None:
        """A file and how often it was sent before; None at the end."""
        if self._again:
            return self._again.popleft()
        for file in self._files:
            return file, 0
        self._is_exhausted = True
        return None

    def give_back(self, unanswered: Iterable[tuple[File, int]]) -> None:
        """These were sent and are not settled."""
        self._unanswered += unanswered

    def send_again(self, tries: int) -> list[File]:
        """Have what was given back sent again; gives the files that were sent often enough."""
        back, self._unanswered = self._unanswered, []
        self._again.extend((file, sent + 1) for file, sent in back if sent + 1 < tries)
        return [file for file, sent in back if sent + 1 >= tries]


class Outgoing:
    """An iterator of requests, read by gRPC's own thread as fast as the other side takes them."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._sent: dict[int, tuple[File, int]] = {}
        self._postponed: list[tuple[File, int]] = []
        self._places = threading.BoundedSemaphore(MAX_UNANSWERED)
        self._lock = threading.Lock()
        self._is_stopped = False
        self.failure: OSError | None = None  # of reading a file
        self._requests = self._pieces()

    def __iter__(self) -> Iterator[StoreRequest]:
        """Itself."""
        return self

    def __next__(self) -> StoreRequest:
        """The next piece."""
        try:
            return next(self._requests)
        except OSError as error:
            self.failure = error
            raise

    def answered(self, number: int) -> File:
        """This file is settled."""
        return self._settle(number)[0]

    def postponed(self, number: int) -> None:
        """This one is to be sent again in another call."""
        self._postponed.append(self._settle(number))

    def stop(self) -> None:
        """The call is over: send no more, and give back what was not settled."""
        with self._lock:
            self._is_stopped = True
            unsettled = list(self._sent.values())
            self._sent.clear()
        self._waiting.give_back([*self._postponed, *unsettled])

    def _settle(self, number: int) -> tuple[File, int]:
        with self._lock:
            file = self._sent.pop(number)
        self._places.release()
        return file

    def _pieces(self) -> Iterator[StoreRequest]:
        number = 0
        while self._has_place():
            with self._lock:
                found = None if self._is_stopped else self._waiting.next()
                if found is None:
                    return
                number += 1
                self._sent[number] = found
            yield from _requests(number, found[0])

    def _has_place(self) -> bool:
        while not self._is_stopped:
            if self._places.acquire(timeout=LOOK_EVERY_S):
                return True
        return False


def _requests(number: int, file: File) -> Iterator[StoreRequest]:
    if isinstance(file, Path):
        with file.open("rb") as opened:
            piece = opened.read(PIECE_BYTES)
            while following := opened.read(PIECE_BYTES):
                yield StoreRequest(number=number, content=piece)
                piece = following
        yield StoreRequest(number=number, content=piece, is_last=True)
        return
    for start in range(0, max(len(file), 1), PIECE_BYTES):
        end = start + PIECE_BYTES
        yield StoreRequest(number=number, content=file[start:end], is_last=end >= len(file))

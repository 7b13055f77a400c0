"""Send many instances on several associations and over HTTP at once, until each was acknowledged, whatever happens."""

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.perf.scans import Maker
from tests.support.scu import Association, Lost, dataset_of

PAUSE_S = 0.02  # after a refusal
BOUNDARY = "isocenter-sender"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


class Addresses(Protocol):
    """Where a platform listens on loopback."""

    @property
    def dicom_port(self) -> int: ...

    @property
    def http_port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Item:
    """One instance to send."""

    study: int
    number: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. Times are of this machine's wall clock, seconds; `outcome` is "acknowledged", "lost" or a status."""

    sop: str
    study: str
    way: str
    began_s: float
    ended_s: float
    outcome: str


class Sending:
    """Threads that share one queue. The log has a line for each Success, written after it was received."""

    def __init__(
        self,
        platform: Addresses,
        maker: Maker,
        items: Iterable[Item],
        log: Path,
        *,
        associations: int = 3,
        requests: int = 1,
    ) -> None:
        self.maker = maker
        self.attempts: list[Attempt] = []
        self.in_flight: dict[int, tuple[Item, str, float]] = {}
        self._platform = platform
        self._queue = deque(items)
        self.total = len(self._queue)
        self._log = log.open("a", buffering=1)
        self._count = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        ways = ["dimse"] * associations + ["stow"] * requests
        self._threads = [
            threading.Thread(target=self._run, args=(number, way), name=f"{way}-{number}")
            for number, way in enumerate(ways)
        ]
        self._failures: list[BaseException] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def acknowledged(self) -> int:
        return self._count

    @property
    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def finish(self, within_s: float) -> None:
        """Wait until everything was acknowledged; raises when it was not in time."""
        end_s = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))
        is_late = not self.is_over
        self.stop()
        self._log.close()
        if self._failures:
            raise self._failures[0]
        assert not is_late, f"{self.total - self._count} not acknowledged in {within_s} s"

    def stop(self) -> None:
        """Give up what is left."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, way: str) -> None:
        try:
            while not self._stop.is_set() and self._count < self.total:
                try:
                    (self._associate if way == "dimse" else self._post)(number)
                except (Lost, OSError, http.client.HTTPException):
                    self._stop.wait(PAUSE_S)
        except BaseException as error:
            self._failures.append(error)
            self._stop.set()

    def _associate(self, number: int) -> None:
        item = self._next()
        if item is None:
            return
        try:
            association = Association(self._platform.dicom_port, timeout_s=30)
        except Lost:
            self._queue.appendleft(item)
            raise
        with association:
            while item is not None:
                self._store(number, association, item)
                item = self._next()

    def _store(self, number: int, association: Association, item: Item) -> None:
        sop = self._begin(number, item, "dimse")
        dataset = dataset_of(self.maker.instance(item.study, item.number))
        try:
            status = association.store(sop, dataset)
        except Lost:
            self._end(number, "lost")
            raise
        self._end(number, "acknowledged" if status == 0 else f"{status:04x}")
        if status != 0:
            raise Lost(f"status {status:04x}")

    def _post(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._platform.http_port, timeout=30)
        try:
            while (item := self._next()) is not None:
                self._post_one(number, connection, item)
        finally:
            connection.close()

    def _post_one(self, number: int, connection: http.client.HTTPConnection, item: Item) -> None:
        sop = self._begin(number, item, "stow")
        content = self.maker.instance(item.study, item.number)
        head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        outcome = "lost"
        try:
            connection.request("POST", "/dicom-web/studies", body, {"Content-Type": TYPE})
            answer = connection.getresponse()
            text = answer.read()
            outcome = str(answer.status)
            if answer.status == 200 and _names(text) == [sop]:
                outcome = "acknowledged"
        finally:
            self._end(number, outcome)
        if outcome != "acknowledged":
            raise Lost(outcome)

    def _next(self) -> Item | None:
        """The next one; waits while the last ones are under way, for they may come back."""
        while not self._stop.is_set() and self._count < self.total:
            try:
                return self._queue.popleft()
            except IndexError:
                self._stop.wait(PAUSE_S)
        return None

    def _begin(self, number: int, item: Item, way: str) -> str:
        self.in_flight[number] = (item, way, time.time())
        return self.maker.sop_uid(item.study, item.number)

    def _end(self, number: int, outcome: str) -> None:
        item, way, began_s = self.in_flight.pop(number)
        sop = self.maker.sop_uid(item.study, item.number)
        if outcome == "acknowledged":
            with self._lock:
                self._log.write(f"{sop}\n")
                self._count += 1
        else:
            self._queue.appendleft(item)
        study = self.maker.study_uid(item.study)
        self.attempts.append(Attempt(sop, study, way, began_s, time.time(), outcome))


def acknowledged(log: Path) -> list[str]:
    """What a sender's log says."""
    return log.read_text().split()


def _names(answer: bytes) -> list[str]:
    document = json.loads(answer)
    if "00081198" in document or "0008119A" in document:
        return []
    return [item["00081155"]["Value"][0] for item in document["00081199"]["Value"]]

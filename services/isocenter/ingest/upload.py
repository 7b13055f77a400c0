"""One multipart body taken apart in a worker thread: each part goes to the spool as it comes (STOW-RS).

The body is never held: a part's bytes are written before the next are taken. Making one instance durable overlaps with
receiving the next, within a bound.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass

from isocenter.dicomweb.media_types import parse_media_type
from isocenter.dicomweb.multipart import MultipartReader, PartEnd, PartStart
from isocenter.errors import InvalidRequest, IsocenterError, LimitExceeded, UnsupportedMediaType
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.receive import Incoming

MAX_INSTANCES = 10_000  # in one request: all of them are in its answer
MAX_FINISHING = 8  # instances of one request that are being made durable at once
DICOM = ("application/dicom", "application/octet-stream", "")


@dataclass(frozen=True, slots=True)
class Refused:
    """An instance that has a name and was not taken; nothing of it is kept."""

    error: IsocenterError
    sop_class_uid: str
    sop_instance_uid: str


PartResult = Outcome | Refused | IsocenterError


class Upload:
    """Takes one body; `feed`, `close` and `abort` block and are called by one thread at a time."""

    def __init__(self, boundary: str, begin: Callable[[], Incoming], finishers: Executor) -> None:
        self._reader = MultipartReader(boundary)
        self._begin = begin
        self._finishers = finishers
        self._slots = threading.BoundedSemaphore(MAX_FINISHING)
        self._incoming: Incoming | None = None
        self._results: list[Future[PartResult]] = []

    def feed(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes. Raises InvalidRequest or LimitExceeded for the body as a whole, then `abort` it."""
        for chunk in chunks:
            for event in self._reader.feed(chunk):
                if isinstance(event, PartStart):
                    self._start(event.headers)
                elif isinstance(event, PartEnd):
                    self._end()
                elif self._incoming is not None:
                    self._write(self._incoming, event)

    def close(self) -> list[PartResult]:
        """Say that the body is over; wait until all of it is durable; give what became of each part, in order.

        Raises InvalidRequest when the body is cut off; then it is aborted already.
        """
        try:
            self._reader.close()
        except InvalidRequest:
            self.abort()
            raise
        return [result.result() for result in self._results]

    def abort(self) -> None:
        """Forget the part under way and wait for those that are whole: they stay stored."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.discard()
        for result in self._results:
            result.result()

    def _start(self, headers: dict[str, str]) -> None:
        if len(self._results) >= MAX_INSTANCES:
            raise LimitExceeded("too many instances in one request", max_instances=MAX_INSTANCES)
        if _name_of(headers) not in DICOM:
            self._results.append(_done(UnsupportedMediaType("a part is not application/dicom")))
            return
        try:
            self._incoming = self._begin()
        except IsocenterError as error:
            self._results.append(_done(error))

    def _write(self, incoming: Incoming, content: memoryview) -> None:
        try:
            incoming.write(content)
        except IsocenterError as error:
            self._incoming = None
            incoming.discard()
            self._results.append(_done(error))

    def _end(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        self._slots.acquire()
        try:
            result = self._finishers.submit(copy_context().run, _finish, incoming)
        except RuntimeError:  # shutting down
            self._slots.release()
            incoming.discard()
            raise
        result.add_done_callback(lambda _: self._slots.release())
        self._results.append(result)


def _finish(incoming: Incoming) -> PartResult:
    try:
        return incoming.finish()
    except IsocenterError as error:
        return error


def _done(error: IsocenterError) -> Future[PartResult]:
    future: Future[PartResult] = Future()
    future.set_result(error)
    return future


def _name_of(headers: dict[str, str]) -> str:
    text = headers.get("content-type", "")
    return parse_media_type(text).name if text else ""

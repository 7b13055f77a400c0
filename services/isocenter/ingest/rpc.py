"""IngestService over gRPC: pieces come in as fast as they can be written, answers go out as files are durable."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, TypeAlias

from grpc.aio import Server, ServicerContext

from isocenter.api.ingest.v1 import ingest_service_pb2 as pb
from isocenter.api.ingest.v1 import ingest_service_pb2_grpc as service
from isocenter.api.journal.v1.entries_pb2 import Sender
from isocenter.errors import InvalidInstance, InvalidRequest, IsocenterError, TransientError
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.receive import Incoming, Receiver
from isocenter.ingest.workers import Workers

MAX_PIECE_BYTES = 1 << 20
MAX_FINISHING = 8  # files of one call that are being made durable at once
CALLER = "service"  # whoever shows the platform's own token
_STATUSES = {
    "stored": pb.STORE_STATUS_STORED,
    "duplicate": pb.STORE_STATUS_DUPLICATE,
    "quarantined": pb.STORE_STATUS_QUARANTINED,
}
Context: TypeAlias = "ServicerContext[Any, Any]"
Result = Outcome | IsocenterError
Requests = AsyncIterator[pb.StoreRequest]


class IngestServicer(service.IngestServiceServicer):
    """Takes what programs with the platform's own token send."""

    def __init__(self, receiver: Receiver, workers: Workers) -> None:
        self._receiver = receiver
        self._workers = workers

    async def Store(self, requests: Requests, context: Context) -> AsyncIterator[pb.StoreResponse]:
        """Raises Busy before anything is read when too many bodies are being received."""
        sender = Sender(protocol="grpc", address=_address(context.peer()), caller=CALLER)
        async with self._workers.turn():
            call = _Call(self._receiver, self._workers, sender)
            async for response in call.answers(aiter(requests)):
                yield response


class _Call:
    """One call. A file that cannot be taken is answered so; the others go on."""

    def __init__(self, receiver: Receiver, workers: Workers, sender: Sender) -> None:
        self._receiver = receiver
        self._workers = workers
        self._sender = sender
        self._number = 0
        self._is_inside = False  # of a file
        self._incoming: Incoming | None = None
        self._size = 0
        self._pending: deque[tuple[int, asyncio.Future[Result]]] = deque()

    async def answers(self, requests: Requests) -> AsyncIterator[pb.StoreResponse]:
        """In order. Pieces are read while answers wait, but for those of too many files."""
        reading: asyncio.Future[pb.StoreRequest | None] | None = _next(requests)
        try:
            while reading is not None or self._pending:
                await self._something(reading)
                while self._pending and self._pending[0][1].done():
                    number, done = self._pending.popleft()
                    yield _response(number, done.result())
                if reading is not None and reading.done() and len(self._pending) < MAX_FINISHING:
                    request = reading.result()
                    reading = None
                    if request is not None:
                        await self._take(request)
                        reading = _next(requests)
                    elif self._is_inside:
                        raise InvalidRequest("the last file is cut off")
        finally:
            if reading is not None:
                reading.cancel()
            await asyncio.shield(self._forget())

    async def _something(self, reading: asyncio.Future[pb.StoreRequest | None] | None) -> None:
        waits: set[asyncio.Future[Any]] = {self._pending[0][1]} if self._pending else set()
        if reading is not None and len(self._pending) < MAX_FINISHING:
            waits.add(reading)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)

    async def _take(self, request: pb.StoreRequest) -> None:
        if len(request.content) > MAX_PIECE_BYTES:
            raise InvalidRequest(f"a piece has at most {MAX_PIECE_BYTES} bytes")
        if request.number != self._number + (not self._is_inside):
            raise InvalidRequest("files are numbered from 1 on, and their pieces come together")
        try:
            await self._write(request)
        except IsocenterError as error:  # the rest of this file is passed over
            await self._discard()
            self._answer(_known(error))
        if request.is_last:
            self._is_inside = False
            await self._end()

    async def _write(self, request: pb.StoreRequest) -> None:
        if not self._is_inside:
            self._number, self._is_inside, self._size = request.number, True, 0
            self._incoming = await self._workers.run(self._receiver.begin_part10, self._sender)
        if self._incoming is not None and request.content:
            self._size += len(request.content)
            await self._workers.run(self._incoming.write, memoryview(request.content))

    async def _end(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        if not self._size:
            await self._workers.run(incoming.discard)
            self._answer(_known(InvalidInstance("the file is empty")))
            return
        within = copy_context()
        done = self._workers.finishers.submit(within.run, _finished, incoming)
        self._answer(done)

    def _answer(self, result: Future[Result]) -> None:
        self._pending.append((self._number, asyncio.wrap_future(result)))

    async def _discard(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            await self._workers.run(incoming.discard)

    async def _forget(self) -> None:
        """The file under way; those that are whole stay stored."""
        await self._discard()
        if self._pending:
            await asyncio.wait([done for _, done in self._pending])


def _next(requests: Requests) -> asyncio.Future[pb.StoreRequest | None]:
    async def one() -> pb.StoreRequest | None:
        return await anext(requests, None)

    return asyncio.ensure_future(one())


def _finished(incoming: Incoming) -> Result:
    try:
        return incoming.finish()
    except IsocenterError as error:
        return error


def _known(result: Result) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_result(result)
    return future


def _response(number: int, result: Result) -> pb.StoreResponse:
    if isinstance(result, IsocenterError):
        again = isinstance(result, TransientError)
        wait_s = result.retry_after_s if isinstance(result, TransientError) else None
        return pb.StoreResponse(
            number=number,
            status=pb.STORE_STATUS_TRY_AGAIN if again else pb.STORE_STATUS_REFUSED,
            reason=result.reason,
            message=result.message,
            retry_after_ms=round((wait_s or 0) * 1000),
        )
    findings = (pb.StoreFinding(code=f.code, tag=f.tag, message=f.message) for f in result.findings)
    return pb.StoreResponse(
        number=number,
        status=_STATUSES[result.status],
        sop_class_uid=result.sop_class_uid,
        sop_instance_uid=result.sop_instance_uid,
        study_instance_uid=result.study_instance_uid,
        series_instance_uid=result.series_instance_uid,
        digest=result.digest,
        findings=findings,
        reason=result.error.reason if result.error else "",
        message=result.error.message if result.error else "",
    )


def _address(peer: str) -> str:
    """Of `ipv4:10.0.0.1:4711`, `ipv6:[::1]:4711`, `unix:`."""
    kind, _, rest = peer.partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


def servicer(receiver: Receiver, workers: Workers) -> Callable[[Server], None]:
    """What adds it to a server."""

    def add(server: Server) -> None:
        service.add_IngestServiceServicer_to_server(IngestServicer(receiver, workers), server)

    return add

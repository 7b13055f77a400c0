"""`POST /api/import`: exactly one file as the body, Part 10 or a bare data set; used by `isocenter import`."""

from collections.abc import Sequence

from isocenter.errors import InvalidInstance
from isocenter.ingest.deciding import require_caller
from isocenter.ingest.json_answers import respond_json
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.receive import Incoming, Receiver
from isocenter.ingest.senders import http_sender
from isocenter.ingest.workers import Workers
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route


class OneFile:
    """`workers.Sink` of a body that is one file."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self.size_bytes = 0

    def feed(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes."""
        for chunk in chunks:
            self._incoming.write(memoryview(chunk))
            self.size_bytes += len(chunk)

    def abort(self) -> None:
        """Forget it."""
        self._incoming.discard()

    def finish(self) -> Outcome:
        """Make it durable; raises InvalidInstance when there was nothing."""
        if not self.size_bytes:
            self._incoming.discard()
            raise InvalidInstance("the file is empty")
        return self._incoming.finish()


class ImportRoute:
    """The handler."""

    def __init__(self, receiver: Receiver, workers: Workers) -> None:
        self._receiver = receiver
        self._workers = workers

    async def receive(self, request: Request) -> None:
        """Store one file. 200 whatever became of it, with `status` stored, duplicate or quarantined.

        What passes (no room, a back-end away) is a problem answer, so that the file is sent again later.
        """
        require_caller(request.caller)
        sender = http_sender(request, "import")
        async with self._workers.turn():
            incoming = await self._workers.run(self._receiver.begin_part10, sender)
            sink = OneFile(incoming)
            await self._workers.pour(request, sink)
            outcome = await self._workers.run(sink.finish)
        await respond_json(request, 200, described(outcome))

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("POST", "/api/import", Action.STORE, self.receive)]


def described(outcome: Outcome) -> dict[str, object]:
    """What became of one data set, as JSON."""
    error = outcome.error
    return {
        "status": outcome.status,
        "sop_instance_uid": outcome.sop_instance_uid,
        "sop_class_uid": outcome.sop_class_uid,
        "study_instance_uid": outcome.study_instance_uid,
        "series_instance_uid": outcome.series_instance_uid,
        "digest": outcome.digest,
        "findings": [
            {"code": finding.code, "tag": finding.tag, "message": finding.message}
            for finding in outcome.findings
        ],
        "reason": error.reason if error else "",
        "message": error.message if error else "",
    }

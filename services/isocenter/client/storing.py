"""Store files: sent no faster than they are taken, sent again when that may help, each told once.

Storing the same file again changes nothing, so what was not answered before a connection broke is simply sent again.
"""

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import grpc

from isocenter.api.ingest.v1 import ingest_service_pb2 as pb
from isocenter.api.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from isocenter.client.sending import File, Outgoing, Waiting
from isocenter.errors import InvalidRequest, IsocenterError, TransientError
from isocenter.runtime.rpc_channels import blocking_channel
from isocenter.runtime.rpc_errors import translated
from isocenter.runtime.run_folder import run_folder_of

CALL_TIMEOUT_S = 24 * 3600.0
TRIES = 5
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 30.0
Status = Literal["stored", "duplicate", "quarantined", "refused", "given up"]
_STATUSES: dict[int, Status] = {
    pb.STORE_STATUS_STORED: "stored",
    pb.STORE_STATUS_DUPLICATE: "duplicate",
    pb.STORE_STATUS_QUARANTINED: "quarantined",
    pb.STORE_STATUS_REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a file. "stored" and "duplicate": it is durable, and searchable without anyone's help.

    "quarantined": not accepted, its bytes are kept with `reason`. "refused": not kept. "given up": not kept after
    several tries; sending it again later may help.
    """

    file: File
    status: Status
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    digest: str = ""
    reason: str = ""
    message: str = ""

    @property
    def is_durable(self) -> bool:
        """Whether it may be deleted here."""
        return self.status in ("stored", "duplicate")


class StoreClient:
    """Sends to the processes behind `channels`, the next when one does not answer; for one thread at a time."""

    def __init__(
        self, channels: Sequence[grpc.Channel], first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        if not channels:
            raise InvalidRequest("there is nobody to send to")
        self._channels = tuple(channels)
        self._stubs = deque(IngestServiceStub(channel) for channel in channels)
        self._first_pause_s = first_pause_s

    @classmethod
    def on_this_machine(cls, data_folder: Path, nodes: Sequence[str] = ("http-1",)) -> Self:
        """Of the platform that runs on this folder; who may read its secrets may send. `nodes` are its workers.

        Raises InvalidRequest when none has run there.
        """
        run_folder = run_folder_of(data_folder.absolute())
        token = _token(data_folder / "config" / "secrets.json")
        return cls([blocking_channel(run_folder, node, token) for node in nodes])

    def store(self, files: Iterable[File]) -> Iterator[Kept]:
        """Send each, a path or a file's bytes; give what became of each, as soon as that is known.

        What is not answered is sent again, up to 5 times with growing pauses, and then given up. `files` is read from
        another thread, a little ahead of the answers. Raises Unauthenticated, InvalidRequest, and OSError for a file
        that cannot be read.
        """
        waiting = Waiting(files)
        pause_s = self._first_pause_s
        while not waiting.is_over:
            answered = 0
            try:
                for kept in self._call(waiting):
                    answered += 1
                    yield kept
            except TransientError as error:
                self._stubs.rotate()
                pause_s = max(pause_s, error.retry_after_s or 0)
            for file in waiting.send_again(TRIES):
                yield Kept(file, "given up")
            if not waiting.is_over:
                pause_s = self._first_pause_s if answered else min(2 * pause_s, MAX_PAUSE_S)
                time.sleep(pause_s)

    def _call(self, waiting: Waiting) -> Iterator[Kept]:
        outgoing = Outgoing(waiting)
        call: Any = self._stubs[0].Store(outgoing, timeout=CALL_TIMEOUT_S)  # stubs know half of it
        try:
            with translated():
                for answer in call:
                    if answer.status == pb.STORE_STATUS_TRY_AGAIN:
                        outgoing.postponed(answer.number)
                        continue
                    yield _kept(outgoing.answered(answer.number), answer)
        except IsocenterError:
            if outgoing.failure is not None:
                raise outgoing.failure from None
            raise
        finally:
            outgoing.stop()
            call.cancel()

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def _token(secrets: Path) -> str:
    try:
        return str(json.loads(secrets.read_text())["rpc"])
    except (OSError, ValueError, KeyError):
        raise InvalidRequest("no platform has run on this folder, or it is not yours") from None


def _kept(file: File, answer: pb.StoreResponse) -> Kept:
    return Kept(
        file,
        _STATUSES[answer.status],
        answer.sop_instance_uid,
        answer.study_instance_uid,
        answer.digest,
        answer.reason,
        answer.message,
    )

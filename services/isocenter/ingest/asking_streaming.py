"""Questions to streaming over gRPC, from an association's own thread: the only file here that knows its stub."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from isocenter.errors import Unavailable
from isocenter.runtime.rpc_errors import translated

RETRY_AFTER_S = 2.0
PLAN_TIMEOUT_S = 6 * 3600.0  # it is read as fast as instances are sent
REWRITTEN_TIMEOUT_S = 300.0
FIND_TIMEOUT_S = 600.0  # of a whole question: who reads slowly may take that long
LEVELS = {
    "PATIENT": pb.FIND_LEVEL_PATIENT,
    "STUDY": pb.FIND_LEVEL_STUDY,
    "SERIES": pb.FIND_LEVEL_SERIES,
    "IMAGE": pb.FIND_LEVEL_IMAGE,
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Some answers, DICOM JSON; `keys_ignored` when a key of the question was not matched."""

    documents: Sequence[bytes]
    keys_ignored: bool


class StreamingClient:
    """Asks the processes of streaming in turn, the last that answered first; safe to use from many threads."""

    def __init__(self, channels: Sequence[grpc.Channel]) -> None:
        self._lock = threading.Lock()
        self._stubs = [StreamServiceStub(channel) for channel in channels]

    def find(self, level: str, identifier: bytes, *, is_fuzzy: bool = False) -> Iterator[Answers]:
        """Answers to an Identifier in DICOM JSON; `level` is a key of LEVELS. Closing it ends the question.

        Raises InvalidRequest naming a key, LimitExceeded, and Unavailable when nobody answers.
        """
        request = pb.FindRequest(level=LEVELS[level], identifier=identifier, fuzzy=is_fuzzy)
        for stub in self._in_turn():
            call: Any = stub.Find(request, timeout=FIND_TIMEOUT_S)  # the stubs know half of it
            try:
                with translated():
                    first = next(call)  # what was ignored; there always is one
            except Unavailable:
                continue
            self._prefer(stub)
            yield from _rest(call, bool(first.ignored_keys))
            return
        raise Unavailable("nobody answers questions now", retry_after_s=RETRY_AFTER_S)

    def plan(self, wanted: pb.PlanRequest) -> tuple[int, Iterator[pb.PlannedInstance]]:
        """How many instances are wanted, and each of them.

        Raises InvalidRequest, LimitExceeded, and Unavailable when nobody answers.
        """
        for stub in self._in_turn():
            call: Any = stub.Plan(wanted, timeout=PLAN_TIMEOUT_S)
            try:
                with translated():
                    first = next(call)
            except Unavailable:
                continue
            self._prefer(stub)
            return int(first.total), _instances(call)
        raise Unavailable("nobody answers questions now", retry_after_s=RETRY_AFTER_S)

    def rewritten(
        self, instance: pb.PlannedInstance, syntax: str, lossy_quality: int = 0
    ) -> tuple[str, Iterator[bytes]]:
        """The data set in its planned shape and another transfer syntax, and its new name, if it has one.

        Raises NotAcceptable when it cannot be had so, NotFound, Unavailable; reading on, the same.
        """
        request = pb.RewrittenRequest(
            study_instance_uid=instance.study_instance_uid,
            series_instance_uid=instance.series_instance_uid,
            sop_instance_uid=instance.sop_instance_uid,
            transfer_syntax_uid=syntax,
            shape=instance.shape if instance.HasField("shape") else None,
            lossy_quality=lossy_quality,
        )
        for stub in self._in_turn():
            call: Any = stub.Rewritten(request, timeout=REWRITTEN_TIMEOUT_S)
            try:
                with translated():
                    first = next(call)
            except Unavailable:
                continue
            return first.sop_instance_uid, _pieces(first.content, call)
        raise Unavailable("nobody rewrites now", retry_after_s=RETRY_AFTER_S)

    def _in_turn(self) -> Sequence[StreamServiceStub]:
        with self._lock:
            return tuple(self._stubs)

    def _prefer(self, answering: StreamServiceStub) -> None:
        with self._lock:
            self._stubs.sort(key=lambda one: one is not answering)


def _rest(call: Any, keys_ignored: bool) -> Iterator[Answers]:
    try:
        with translated():
            for answer in call:
                yield Answers(answer.answers, keys_ignored)
    finally:
        call.cancel()


def _pieces(first: bytes, call: Any) -> Iterator[bytes]:
    try:
        yield first
        with translated():
            yield from (piece.content for piece in call)
    finally:
        call.cancel()


def _instances(call: Any) -> Iterator[pb.PlannedInstance]:
    try:
        with translated():
            for some in call:
                yield from some.instances
    finally:
        call.cancel()

"""Codec processes as a service sees them: a bounded number, started when first needed, replaced when they fail."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass

from isocenter import errors
from isocenter.errors import Busy, IsocenterError, UnsupportedSyntax
from isocenter.pixels.jobs import Job
from isocenter.pixels.pipe import LENGTHS, MAX_PAYLOAD_BYTES

_ERRORS: dict[str, type[IsocenterError]] = {
    kind.reason: kind
    for kind in (
        errors.InvalidInstance, errors.InvalidRequest, errors.LimitExceeded, errors.UnsupportedSyntax,
        errors.NotFound,
    )
}  # fmt: skip
# one thread each: the pool is the parallelism
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of the pool and of each job."""

    processes: int = 2
    max_waiting: int = 64
    job_timeout_s: float = 60.0
    cpu_s: int = 30
    memory_bytes: int = 2 << 30


class CodecPool:
    """Runs jobs in child processes; belongs to one event loop.

    A child that crashes, hangs or is out of its limits costs the job it was doing; the next job gets a new one.
    """

    def __init__(self, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._free = asyncio.Semaphore(self._limits.processes)
        self._idle: list[Process] = []
        self._waiting = 0
        self.restarts = 0

    async def run(self, job: Job) -> tuple[dict[str, str], bytes]:
        """Header and payload of the result.

        Raises:
            Busy: too many jobs wait, or this one took too long.
            UnsupportedSyntax: the codec died of this image.
            InvalidInstance, LimitExceeded: what the codec said of it.
        """
        if self._waiting >= self._limits.max_waiting:
            raise Busy("too many images are being decoded", retry_after_s=1)
        self._waiting += 1
        try:
            async with self._free:
                header, payload = await self._run(job)
        finally:
            self._waiting -= 1
        reason = header.get("reason")
        if reason is not None:
            raise _ERRORS.get(reason, errors.InvalidInstance)(header.get("message", ""))
        return header, payload

    async def _run(self, job: Job) -> tuple[dict[str, str], bytes]:
        process = self._idle.pop() if self._idle else await self._start()
        try:
            async with asyncio.timeout(self._limits.job_timeout_s):
                result = await _exchange(process, job)
        except TimeoutError as error:
            self._end(process)
            raise Busy("decoding took too long", retry_after_s=30) from error
        except (EOFError, OSError, ValueError) as error:
            self._end(process)
            raise UnsupportedSyntax("the codec gave up on this image") from error
        except BaseException:  # cancelled: its answer would be the next job's
            self._end(process)
            raise
        self._idle.append(process)
        return result

    async def _start(self) -> Process:
        limits = self._limits
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "isocenter.pixels.codec_process",
            str(limits.memory_bytes), str(limits.cpu_s),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_ENVIRONMENT,
        )  # fmt: skip

    def _end(self, process: Process) -> None:
        self.restarts += 1
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    def close(self) -> None:
        """End the idle children; a busy one ends when its pipe closes with this process."""
        while self._idle:
            with contextlib.suppress(ProcessLookupError):
                self._idle.pop().kill()


async def _exchange(process: Process, job: Job) -> tuple[dict[str, str], bytes]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    header = job.encode()
    process.stdin.write(LENGTHS.pack(len(header), len(job.document)))
    process.stdin.write(header)
    process.stdin.write(job.document)
    await process.stdin.drain()
    header_bytes, payload_bytes = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    if payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError
    answered = json.loads(await process.stdout.readexactly(header_bytes))
    return answered, await process.stdout.readexactly(payload_bytes)

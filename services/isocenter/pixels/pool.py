"""Codec processes as a service sees them: a bounded number, started when first needed, replaced when they fail."""

import asyncio
import contextlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from isocenter import errors
from isocenter.errors import Busy, IsocenterError, UnsupportedSyntax
from isocenter.pixels.jobs import Job
from isocenter.pixels.pipe import read_message, write_message

_ERRORS: dict[str, type[IsocenterError]] = {
    kind.reason: kind
    for kind in (
        errors.InvalidInstance, errors.InvalidRequest, errors.LimitExceeded, errors.UnsupportedSyntax,
        errors.NotFound,
    )
}  # fmt: skip
# one thread each: the pool is the parallelism
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}

Result = tuple[dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of the pool and of each job. `idle`: the processes run only when nothing else wants to."""

    processes: int = 2
    max_waiting: int = 64
    job_timeout_s: float = 60.0
    cpu_s: int = 30
    memory_bytes: int = 2 << 30
    idle: bool = False


class CodecPool:
    """Runs jobs in child processes; belongs to one event loop.

    A child that crashes, hangs or is out of its limits costs the job it was doing; the next job gets a new one.
    """

    def __init__(self, limits: PoolLimits | None = None) -> None:
        self._limits = limits or PoolLimits()
        self._free = asyncio.Semaphore(self._limits.processes)
        self._threads = ThreadPoolExecutor(self._limits.processes, thread_name_prefix="codec")
        self._idle: list[_Child] = []
        self._waiting = 0
        self.restarts = 0

    async def run(self, job: Job) -> Result:
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

    async def _run(self, job: Job) -> Result:
        child = self._idle.pop() if self._idle else _Child(self._limits)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.job_timeout_s):
                result = await loop.run_in_executor(self._threads, child.do, job)
        except TimeoutError as error:
            self._end(child)
            raise Busy("decoding took too long", retry_after_s=30) from error
        except (EOFError, OSError, ValueError) as error:
            self._end(child)
            raise UnsupportedSyntax("the codec gave up on this image") from error
        except BaseException:  # cancelled: its answer would be the next job's
            self._end(child)
            raise
        self._idle.append(child)
        return result

    def _end(self, child: "_Child") -> None:
        self.restarts += 1
        child.kill()

    def close(self) -> None:
        """End the idle children; a busy one ends when its pipe closes with this process."""
        while self._idle:
            self._idle.pop().close()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Child:
    """One codec process; used by one thread at a time, killed from any."""

    def __init__(self, limits: PoolLimits) -> None:
        command = [
            sys.executable, "-I", "-m", "isocenter.pixels.codec_process",
            str(limits.memory_bytes), str(limits.cpu_s), *(["idle"] if limits.idle else []),
        ]  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print parts of what they read
            env=_ENVIRONMENT,
        )

    def do(self, job: Job) -> Result:
        """Do a job; raises EOFError or OSError when the process ends instead of answering."""
        if self._process.stdin is None or self._process.stdout is None:
            raise EOFError
        try:
            write_message(self._process.stdin, job.encode(), job.document)
            answered = read_message(self._process.stdout)
        finally:
            if self._process.poll() is not None:  # reaped, so that none is left as a zombie
                self.close()
        if answered is None:
            self.close()
            raise EOFError
        header, payload = answered
        return json.loads(header), payload

    def kill(self) -> None:
        """End it at once; a thread waiting for its answer gets EOFError and reaps it."""
        self._process.kill()

    def close(self) -> None:
        """End it and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

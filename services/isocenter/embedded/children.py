"""Child processes that are kept running: started, watched, started again, stopped in order."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
HEALTHY_AFTER_S = 20.0
MAX_PAUSE_S = 5.0
MAX_LOG_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Child:
    """What to run. Children of a later `stage` are started last and stopped first.

    `broker_store` is a broker's folder, which has to be watched: see `broker_watch`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0
    broker_store: Path | None = None


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor is killed, so that nothing is left running."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _log_file(folder: Path, name: str) -> int:
    """Open the child's log for appending; a large one is set aside once."""
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


class Keeper:
    """Keeps one child running until told to stop; the child keeps the descriptor `lock` open as long as it lives."""

    def __init__(self, child: Child, logs: Path, report: Callable[[str], None], lock: int) -> None:
        self.child = child
        self.starts = 0
        self._logs = logs
        self._report = report
        self._lock = lock
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def keep(self) -> None:
        """Run the child again and again, pausing longer while it fails at once."""
        pause_s = 0.1
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            code = await self._run_once()
            if self._stopping:
                return
            pause_s = (
                0.1 if loop.time() - started > HEALTHY_AFTER_S else min(pause_s * 2, MAX_PAUSE_S)
            )
            self._report(f"{self.child.name} ended with {code}; starting it again")
            await asyncio.sleep(pause_s)

    async def _run_once(self) -> int:
        log = _log_file(self._logs, self.child.name)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.child.command,
                env=dict(self.child.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self._lock,),
                preexec_fn=_die_with_parent,
            )
        finally:
            os.close(log)
        self.starts += 1
        return await self._process.wait()

    def restart(self) -> None:
        """Ask it to end; it is started again as after any end."""
        if self.pid is not None and self._process is not None:
            self._process.terminate()

    async def stop(self, grace_s: float) -> None:
        """Ask it to end, wait, then end it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            self._report(f"{self.child.name} did not end in {grace_s:.0f} s and was killed")
            with contextlib.suppress(ProcessLookupError):  # it ended this moment
                process.kill()
            await process.wait()

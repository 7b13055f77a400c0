"""A whole platform as its users start it: `isocenter up` as a child process on free ports, and ways to harm it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from tests.support.checker.event_stream import Broker
from tests.support.checker.kept import InFolders, Kept
from tests.support.poll import poll
from tests.support.ports import free_port

PARTS = ("nats", "indexer", "ingest", "transcoder", "http-1", "http-2")
SERVERS = (b"minio", b"java")  # a command that is still `unshare` will be java
PR_SET_PDEATHSIG = 1
LOG_TAIL_BYTES = 3_000
# tests keep the machine busy and wait until all is done, packs too
AT_ONCE = {"ISOCENTER_TRANSCODER_PATIENCE_S": "0"}


class Platform:
    """One platform in one data folder. It may be started again after `kill_supervisor`, on the same ports."""

    parts: tuple[str, ...] = PARTS
    start_s = 60.0

    def __init__(
        self, data: Path, *, settle_s: float = 2.0, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data = data
        self.http_port, self.dicom_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.ae_title = "ISOCENTER"
        self._command = [sys.executable, "-m", "isocenter", "up", "--data", str(data)]
        self._command += ["--http-port", str(self.http_port), "--dicom-port", str(self.dicom_port)]
        self._command += ["--settle", str(settle_s), "--no-samples"]
        self._environment = {**os.environ, **AT_ONCE, **(settings or {})}
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def archive(self) -> Path:
        return self.data / "archive"

    @property
    def kept(self) -> Kept:
        """What it keeps, read behind its back."""
        return InFolders(self.archive, self.data / "index")

    @property
    def supervisor_pid(self) -> int:
        assert self._supervisor is not None
        return self._supervisor.pid

    def tell(self, settings: Mapping[str, str]) -> None:
        """Settings that are known once the address is; for the next start."""
        self._environment |= settings

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "platform.json").unlink(missing_ok=True)  # left by a killed supervisor
        with (self.data / "up.log").open("ab") as log:
            self._supervisor = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_the_tests,  # noqa: PLW1509  (one call to the kernel)
            )
        self.until(self._is_up, self.start_s)

    def stop(self) -> None:
        """Ask for a clean stop; what does not end is killed."""
        if self._supervisor is None:
            return
        if self._supervisor.poll() is None:
            self._supervisor.send_signal(signal.SIGTERM)
        try:
            self._supervisor.wait(40)
        finally:
            self._supervisor.kill()
            self._supervisor.wait()

    def pids(self) -> dict[str, int]:
        """Living children by the name of their node, as the kernel tells them."""
        found = {}
        for pid in _children(self.supervisor_pid):
            name = _name_of(pid)
            if name is not None:
                found[name] = pid
        return found

    def pid(self, name: str) -> int:
        """Process of that name, as soon as it runs."""
        self.until(lambda: name in self.pids(), 30)
        return self.pids()[name]

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self.pid(name), number)

    def kill(self, name: str) -> int:
        """Kill -9; returns the process id, of a process that runs no more."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: not is_running(pid), 10)
        return pid

    def kill_supervisor(self) -> None:
        """Kill -9 the supervisor alone; its children find out by themselves."""
        assert self._supervisor is not None
        self._supervisor.kill()
        self._supervisor.wait()

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Stop the supervisor for a moment, so that it starts nothing again."""
        os.kill(self.supervisor_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.supervisor_pid, signal.SIGCONT)

    def state(self) -> dict[str, int]:
        """What `/api/state` says; raises httpx.HTTPError."""
        answer = httpx.get(f"{self.url}/api/state", timeout=10)
        answer.raise_for_status()
        made: dict[str, int] = answer.json()
        return made

    def until(self, true: object, within_s: float) -> None:
        """Poll; raises with the ends of all logs when the supervisor died or it took too long."""

        def is_true() -> bool:
            assert callable(true)
            if self._supervisor is not None and self._supervisor.poll() is not None:
                raise RuntimeError("the supervisor has ended")
            return bool(true())

        try:
            poll(is_true, within_s)
        except (TimeoutError, RuntimeError) as error:
            raise AssertionError(f"{error}\n{self.logs()}") from error

    def logs(self) -> str:
        """The end of every process's log."""
        paths = [self.data / "up.log", *sorted((self.data / "logs").glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{_tail(path)}" for path in paths if path.exists())

    def broker(self) -> Broker:
        """The broker that runs now."""
        told = self.told()
        user = told.get("ISOCENTER_BUS_USER", "")
        return Broker(told["ISOCENTER_BUS_URL"], told["ISOCENTER_BUS_TOKEN"], user)

    def told(self) -> dict[str, str]:
        """The environment of a service, with what it needs to open the back-ends."""
        return environment_of(self.pid(self.parts[-1]))

    def _is_up(self) -> bool:
        """It says so, and it is this supervisor's children that answer."""
        return (self.data / "platform.json").exists() and self.pids().keys() == set(self.parts)


P = TypeVar("P", bound=Platform)


@contextmanager
def running(
    data: Path, *, settle_s: float = 2.0, settings: Mapping[str, str] | None = None
) -> Iterator[Platform]:
    """A platform for as long as the block lasts; on failure the ends of its logs are printed."""
    with kept_running(Platform(data, settle_s=settle_s, settings=settings)) as platform:
        yield platform


@contextmanager
def kept_running(platform: P) -> Iterator[P]:
    """Start a platform, and stop it after the block; on failure the ends of its logs are printed."""
    try:
        platform.start()
        yield platform
    except BaseException:
        print(platform.logs())  # noqa: T201
        raise
    finally:
        platform.stop()


def _die_with_the_tests() -> None:
    """Whatever ends the tests ends the platform too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def is_running(pid: int) -> bool:
    """Whether it lives: a process that is dead and not yet buried does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for child in text.split() if is_running(int(child))]


def _name_of(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    node = environment_of(pid).get("ISOCENTER_NODE")
    if command[0].endswith(b"nats-server"):
        return node or "nats"
    return node if b"serve" in command or command[0].endswith(SERVERS) else None


def environment_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (line.decode(errors="replace").partition("=") for line in lines)
    return {name: value for name, _, value in pairs}


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = path.stat().st_size
        file.seek(max(0, size - LOG_TAIL_BYTES))
        return file.read().decode(errors="replace")

"""A whole platform as `isocenter up` starts it, in a folder of its own and on free ports."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.support.ports import free_port

START_S = 90.0
STOP_S = 60.0
COMMAND = (str(Path(sys.executable).parent / "isocenter"),)


class NotUp(RuntimeError):
    """The platform ended, or did not come up; holds what it said."""


@dataclass(slots=True)
class Platform:
    """A running platform; `environment` is what its commands are run with."""

    data: Path
    url: str
    dicom_port: int
    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    output: Path

    def cli(self, *words: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command on this platform; `code` is the exit code it must have, None for any."""
        return run_cli("--data", self.data, *words, environment=self.environment, code=code)

    def json(self, *words: object, code: int | None = 0) -> Any:
        """What a command prints with `--json`."""
        return json.loads(self.cli("--json", *words, code=code).stdout)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        """Ask over HTTP."""
        return httpx.get(self.url + path, timeout=60, **arguments)

    def pids(self) -> dict[str, int]:
        """Process ids of the children, by the supervisor's names for them."""
        return children_of(self.process.pid)

    def until(self, true: Callable[["Platform"], bool], within_s: float = 60.0) -> None:
        """Poll until something is true; TimeoutError when it never is."""
        deadline = time.monotonic() + within_s
        while not true(self):
            if time.monotonic() > deadline:
                raise TimeoutError(f"it never became true; see {self.data}/logs")
            time.sleep(0.02)

    def until_indexed(self, within_s: float = 60.0) -> None:
        """Wait until everything in the journal is in the index."""
        self.until(lambda p: p.get("/api/state").json().get("lag") == 0, within_s)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it and wait; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(STOP_S)


def children_of(pid: int) -> dict[str, int]:
    """Direct children by ISOCENTER_NODE, or by the name of their program."""
    found: dict[str, int] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            environ = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        nodes = [line[15:].decode() for line in environ if line.startswith(b"ISOCENTER_NODE=")]
        found[nodes[0] if nodes else Path(command[0].decode()).name] = int(child)
    return found


def run_cli(
    *words: object, environment: dict[str, str] | None = None, code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run `isocenter ...`."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        env=environment or dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert code is None or done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
    return done


def start(
    folder: Path,
    *options: str,
    http_port: int = 0,
    dicom_port: int = 0,
    listen: str = "127.0.0.1",
    environment: dict[str, str] | None = None,
) -> Platform:
    """Start `isocenter up` and wait until it says where it is; raises NotUp."""
    data, http, dicom = folder / "data", http_port or free_port(), dicom_port or free_port()
    environ = {**os.environ, "HOME": str(folder), "COLUMNS": "200", **(environment or {})}
    ports = ("--http-port", str(http), "--dicom-port", str(dicom))
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "up.log"
    (data / "platform.json").unlink(missing_ok=True)
    with output.open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(data), "--listen", listen, *ports, *options],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    reach = "127.0.0.1" if listen == "0.0.0.0" else listen
    made = Platform(data, f"http://{reach}:{http}", dicom, process, environ, output)
    deadline = time.monotonic() + START_S
    while not (data / "platform.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise NotUp(output.read_text())
        time.sleep(0.02)
    return made


@contextmanager
def platform(folder: Path, *options: str, **arguments: Any) -> Iterator[Platform]:
    """A platform for the length of a block; whatever happens nothing of it is left running."""
    running = start(folder, *options, **arguments)
    try:
        yield running
    finally:
        left = running.pids() if running.process.poll() is None else {}
        try:
            running.stop()
        except subprocess.TimeoutExpired:
            running.process.kill()
            for pid in left.values():
                os.kill(pid, signal.SIGKILL)
            raise

"""A real nats-server on a free port, which can be killed, started again and robbed of its store."""

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port

from isocenter.embedded.nats_server import NatsServer


def die_with_parent() -> None:
    """A test run that is killed leaves no server behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class RunningNats:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = NatsServer(folder / "store", free_port(), token="a-secret of the test's")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.server.token

    def start(self) -> None:
        command = self.server.write(self._folder / "nats.conf")
        log = (self._folder / "nats.log").open("ab")
        self._process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
        )
        log.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.server.port)) == 0:
                    return
            time.sleep(0.01)
        raise TimeoutError((self._folder / "nats.log").read_text())

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def wipe(self) -> None:
        """Kill it and take its store away."""
        self.kill()
        shutil.rmtree(self.server.store_folder)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None


@contextmanager
def running_nats(folder: Path) -> Iterator[RunningNats]:
    server = RunningNats(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()

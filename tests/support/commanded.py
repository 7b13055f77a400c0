"""A platform and the commands people use on it: `isocenter ...` as child processes with a home folder of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.support.checker import evidence
from tests.support.platform import Platform, kept_running

COMMAND = str(Path(sys.executable).parent / "isocenter")
ANY_ADDRESS = "0.0.0.0"  # noqa: S104
LOOPBACK = "127.0.0.1"
Done = subprocess.CompletedProcess[str]


def command(home: Path, *words: object, code: int | None = 0, given: str = "") -> Done:
    """Run `isocenter ...`; `code` is the exit code it must have, None for any; `given` is typed in."""
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "250"}
    environment.pop("XDG_STATE_HOME", None)
    done = subprocess.run(
        [COMMAND, *map(str, words)],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert code is None or done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
    return done


class Commanded(Platform):
    """A platform in `folder/data`; the home folder of its commands is `folder`."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        listen: str = LOOPBACK,
        settle_s: float = 2.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder / "data", settle_s=settle_s, settings=settings)
        self.home = folder
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._command += ["--listen", listen, *options]
        self.address = LOOPBACK if listen == ANY_ADDRESS else listen
        self.url = f"http://{self.address}:{self.http_port}"

    def cli(self, *words: object, code: int | None = 0, given: str = "") -> Done:
        """Run a command on this platform."""
        return command(self.home, "--data", self.data, *words, code=code, given=given)

    def json(self, *words: object, code: int | None = 0) -> Any:
        """What a command prints with `--json`."""
        return json.loads(self.cli("--json", *words, code=code).stdout)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        """Ask over HTTP."""
        return httpx.get(self.url + path, timeout=60, **arguments)

    def until_settled(self, within_s: float = 60.0) -> None:
        """Wait until every receipt has its row and every study its count."""
        evidence.until_indexed(self, within_s)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal once and wait for the end; returns the exit code."""
        assert self._supervisor is not None
        self._supervisor.send_signal(number)
        return self._supervisor.wait(40)

    def said(self) -> str:
        """What `isocenter up` has printed."""
        return (self.data / "up.log").read_text()

    def _is_up(self) -> bool:
        # the address file is written when both faces answer; a listener beyond loopback answers us with 401
        return (self.data / "platform.json").exists()


@contextmanager
def platform(
    folder: Path, *options: str, made: type[Commanded] = Commanded, **arguments: Any
) -> Iterator[Commanded]:
    """A platform for as long as the block lasts; on failure the ends of its logs are printed."""
    with kept_running(made(folder, *options, **arguments)) as running:
        yield running


@contextmanager
def platform_that_knows(ae_list: str, folder: Path) -> Iterator[Commanded]:
    """A platform with this AE list; other files of its config folder may lie there already."""
    config = folder / "data" / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "ae.toml").write_text(ae_list)
    with platform(folder) as running:
        yield running

"""A real OpenSearch node on a free port, which can be killed, started again and robbed of its data.

One is started for all tests; each takes a prefix nobody used before, so it finds the server empty.
`ISOCENTER_TEST_OPENSEARCH_URL` names another server to use instead.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.nats_server import die_with_parent
from tests.support.poll import poll
from tests.support.ports import free_port

from isocenter.adapters.index.opensearch.location import located
from isocenter.adapters.index.opensearch.server import Server
from isocenter.embedded.opensearch_server import JAVA_FLAGS as SERVER_FLAGS
from isocenter.embedded.opensearch_server import LOGGING, NOBODY

VERSION = "3.8.0"
INSTALLED = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "isocenter"
    / f"opensearch-{VERSION}"
)
URL_VARIABLE = "ISOCENTER_TEST_OPENSEARCH_URL"
START_WITHIN_S = 120.0
JAVA_FLAGS = [*SERVER_FLAGS, "-XX:TieredStopAtLevel=1"]  # it starts sooner


def find_java() -> Path | None:
    """A Java of version 21 or newer; 17 cannot load the server."""
    named = [os.environ.get(name, "") for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME")]
    homes = [*map(Path, filter(None, named)), *sorted(Path("/usr/lib/jvm").glob("*"))]
    for home in homes:
        release = home / "release"
        version = re.search(r'JAVA_VERSION="(\d+)', release.read_text() if release.exists() else "")
        if version and int(version[1]) >= 21 and (home / "bin/java").exists():
            return home / "bin/java"
    return None


class RunningOpenSearch:
    """A node of its own; its folder is where user 65534 can reach it when we are root."""

    def __init__(self, java: Path, folder: Path) -> None:
        self._java = java
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if not os.geteuid() else {}
        )
        self._write()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _write(self) -> None:
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir()
        settings = {
            "cluster.name": "isocenter-tests",
            "node.name": "n1",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": free_port(),
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "cluster.max_shards_per_node": 20_000,
        }
        lines = (f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        (self.folder / "config/opensearch.yml").write_text("".join(lines))
        (self.folder / "config/log4j2.properties").write_text(LOGGING)
        linked(INSTALLED, self.folder / "home")
        if self._user:
            for path in (
                self.folder,
                *(self.folder / n for n in ("config", "data", "logs", "tmp")),
            ):
                os.chown(path, NOBODY, NOBODY)

    def start(self, status: str = "yellow") -> None:
        """Start it; returns once its health is at least this, `red` meaning any."""
        home = self.folder / "home"
        command = [
            *(str(self._java), *JAVA_FLAGS, f"-Djava.io.tmpdir={self.folder / 'tmp'}"),
            f"-javaagent:{home}/agent/opensearch-agent.jar",
            *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={self.folder / 'config'}"),
            *("-cp", f"{home}/lib/*", "org.opensearch.bootstrap.OpenSearch"),
        ]
        with (self.folder / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"]},
                preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
                **self._user,  # type: ignore[call-overload]  # of several types
            )
        try:
            poll(lambda: self._answers(status), START_WITHIN_S)
        except TimeoutError:
            raise TimeoutError(self._console()) from None

    def _answers(self, status: str) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(self._console())
        health = f"{self.address}/_cluster/health?wait_for_status={status}&timeout=1s"
        try:
            with urllib.request.urlopen(health, timeout=5) as answer:  # noqa: S310  (our own)
                return not json.load(answer)["timed_out"]
        except OSError:
            return False

    def _console(self) -> str:
        return (self.folder / "console.log").read_text()[-4000:]

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """Kill it and take its data away."""
        self.kill()
        shutil.rmtree(self.folder / "data")
        (self.folder / "data").mkdir()
        if self._user:
            os.chown(self.folder / "data", NOBODY, NOBODY)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None


def linked(source: Path, target: Path) -> None:
    """Give the installed server a second name that another user can reach; copied where links cannot be."""

    def link(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:
            shutil.copy2(old, new)

    shutil.copytree(source, target, copy_function=link)


class OpenSearchForTests:
    """Where a server is, and names nobody used before."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._address = f"opensearch+{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.secrets = {"user": parts.username or "", "password": parts.password or ""}
        self._run = f"t{os.urandom(4).hex()}"
        self._numbers = count(1)
        self.client = Server(located(self.fresh_url(), **self.secrets)[0]).client

    def fresh_url(self) -> str:
        """URL of an index whose prefix nobody used."""
        return f"{self._address}/{self._run}-{next(self._numbers)}"

    def clear(self) -> None:
        """Remove all indices and templates of this run."""
        everything = f"{self._run}-*"
        self.client.indices.delete(index=everything)
        self.client.indices.delete_index_template(name=everything, params={"ignore": 404})


@contextmanager
def running_opensearch() -> Iterator[RunningOpenSearch]:
    java = find_java()
    if java is None or not (INSTALLED / "installed").exists():
        _missing("there is no OpenSearch: `make setup` installs it, and it needs Java 21 or newer")
    assert java is not None
    with tempfile.TemporaryDirectory(
        prefix="isocenter-opensearch-", ignore_cleanup_errors=True
    ) as name:
        server = RunningOpenSearch(java, Path(name))
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def opensearch() -> Iterator[OpenSearchForTests]:
    """The server that tests share; not to be harmed."""
    if named := os.environ.get(URL_VARIABLE):
        yield OpenSearchForTests(named.rstrip("/"))
        return
    with running_opensearch() as server:
        yield OpenSearchForTests(server.address)


@pytest.fixture(scope="module")
def opensearch_of_module() -> Iterator[RunningOpenSearch]:
    """A server of the module's own."""
    with running_opensearch() as server:
        yield server


@pytest.fixture
def opensearch_to_harm(opensearch_of_module: RunningOpenSearch) -> RunningOpenSearch:
    """The module's server, to be killed; whatever the test before did to its indices, there are none."""
    place = located(f"opensearch+{opensearch_of_module.address}/any")
    Server(place[0]).client.indices.delete(index="*")
    return opensearch_of_module

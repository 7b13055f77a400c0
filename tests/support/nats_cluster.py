"""Three real nats-servers that are one broker; each can be killed, started again and robbed of its store.

The cluster is started once for all tests. A test takes an account nobody used before, so it finds the broker empty.
"""

import asyncio
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from tests.support.events import SITE
from tests.support.nats_server import die_with_parent
from tests.support.ports import free_port
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.embedded.nats_cluster import (
    ADMINISTRATOR,
    ClusterNode,
    NatsCluster,
    SiteAccount,
)

NODES = 3
ACCOUNTS = 64
READY_S = 30.0
PASSWORD = "a password of the test's"


class RunningCluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        nodes = tuple(
            ClusterNode(f"n{n}", folder / f"store-{n}", free_port(), free_port(), free_port())
            for n in range(1, NODES + 1)
        )
        sites = tuple(SiteAccount(SITE, PASSWORD, f"account-{n}") for n in range(ACCOUNTS))
        others = (SiteAccount("local", PASSWORD), SiteAccount("elsewhere", PASSWORD))
        self.cluster = NatsCluster(nodes, (*sites, *others), PASSWORD, PASSWORD)
        self._unused = iter(sites)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return self.cluster.url

    @property
    def servers(self) -> list[str]:
        return [f"nats://{node.address}:{node.port}" for node in self.cluster.nodes]

    def fresh_account(self) -> SiteAccount:
        """An account without streams."""
        return next(self._unused)

    def bus(self, account: SiteAccount) -> NatsBus:
        proof = {"user": account.user, "token": account.password}
        return NatsBus(self.servers, site=account.site, replicas=NODES, **proof)

    async def client(self, account: SiteAccount | None = None) -> Client:
        """A connection as a site, or as the administrator."""
        user = account.user if account else ADMINISTRATOR
        return await nats.connect(self.servers, user=user, password=PASSWORD)

    def start(self, *names: str) -> None:
        """Start those that do not run, all or these."""
        for node in self.cluster.nodes:
            if node.name not in self._processes and node.name in (names or (node.name,)):
                command = self.cluster.write(node, self._folder / f"{node.name}.conf")
                with (self._folder / f"{node.name}.log").open("ab") as log:
                    self._processes[node.name] = subprocess.Popen(
                        command,
                        stdout=log,
                        stderr=log,
                        preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
                    )

    def kill(self, *names: str) -> None:
        """kill -9, all or these."""
        for name in names or tuple(self._processes):
            process = self._processes.pop(name)
            process.send_signal(signal.SIGKILL)
            process.wait(10)

    def wipe(self, *names: str) -> None:
        """Kill them and take their stores away."""
        self.kill(*names)
        for node in self.cluster.nodes:
            if node.name in (names or (node.name,)):
                shutil.rmtree(node.store_folder)

    async def until_ready(self) -> None:
        """Wait until every server runs and has caught up in every stream and consumer."""
        await until(self._is_ready, READY_S)

    async def _is_ready(self) -> bool:
        answers = [await self._ask_health(node) for node in self.cluster.nodes]
        return answers == ["ok"] * NODES

    async def _ask_health(self, node: ClusterNode) -> str:
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(node.address, node.monitor_port)
                writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                answer = await reader.read(4096)
                writer.close()
        except (OSError, TimeoutError):
            return "away"
        return str(json.loads(answer.partition(b"\r\n\r\n")[2])["status"])


@contextmanager
def running_cluster(folder: Path) -> Iterator[RunningCluster]:
    cluster = RunningCluster(folder)
    cluster.start()
    try:
        asyncio.run(cluster.until_ready())
        yield cluster
    except BaseException:
        for log in sorted(folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text()[-3000:]}")  # noqa: T201
        raise
    finally:
        cluster.kill()


@pytest.fixture(scope="session")
def nats_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with running_cluster(tmp_path_factory.mktemp("nats-cluster")) as cluster:
        yield cluster

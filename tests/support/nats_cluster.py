"""Three real nats-servers that are one broker; each can be killed, started again and robbed of its store.

The cluster is started once for all tests. A test takes an account nobody used before, so it finds the broker empty.
"""

import asyncio
import json
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats
import pytest
import pytest_asyncio
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
ACCOUNTS = {SITE: 64, "local": 8}
READY_S = 30.0
PASSWORD = "a password of the test's"


class RunningCluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        nodes = tuple(
            ClusterNode(f"n{n}", folder / f"store-{n}", free_port(), free_port(), free_port())
            for n in range(1, NODES + 1)
        )
        sites = [
            SiteAccount(site, PASSWORD, f"{site}-{n}")
            for site, count in ACCOUNTS.items()
            for n in range(count)
        ]
        elsewhere = SiteAccount("elsewhere", PASSWORD)
        self.cluster = NatsCluster(nodes, (*sites, elsewhere), PASSWORD, PASSWORD)
        self._unused = sites
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return self.cluster.url

    @property
    def servers(self) -> list[str]:
        return [f"nats://{node.address}:{node.port}" for node in self.cluster.nodes]

    def fresh_account(self, site: str = SITE) -> SiteAccount:
        """An account without streams."""
        account = next(one for one in self._unused if one.site == site)
        self._unused.remove(account)
        return account

    def bus(self, account: SiteAccount, connected: str = "") -> NatsBus:
        """A bus; one that is `connected` to a server first hears of the others from it."""
        servers = [
            f"nats://{node.address}:{node.port}"
            for node in self.cluster.nodes
            if node.name == (connected or node.name)
        ]
        proof = {"user": account.user, "token": account.password}
        return NatsBus(servers, site=account.site, replicas=NODES, **proof)

    @asynccontextmanager
    async def connected(self, account: SiteAccount | None = None) -> AsyncIterator[Client]:
        """A connection as a site, or as the administrator."""
        user = account.user if account else ADMINISTRATOR
        client = await nats.connect(
            self.servers, user=user, password=PASSWORD, max_reconnect_attempts=3
        )
        try:
            yield client
        finally:
            await client.close()

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


@pytest_asyncio.fixture
async def cluster_to_harm(nats_cluster: RunningCluster) -> AsyncIterator[RunningCluster]:
    """The cluster, which is whole again afterwards whatever was done to it."""
    yield nats_cluster
    nats_cluster.start()
    await nats_cluster.until_ready()

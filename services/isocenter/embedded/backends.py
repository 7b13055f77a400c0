"""What the services of a platform stand on: the folder and one broker, or the servers that a cluster has."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from isocenter.embedded.children import Child
from isocenter.embedded.layout import Layout
from isocenter.embedded.minio_server import MinioServer
from isocenter.embedded.nats_cluster import ClusterNode, NatsCluster, SiteAccount
from isocenter.embedded.nats_server import NatsServer
from isocenter.embedded.opensearch_server import OpenSearchServer
from isocenter.embedded.ports import LOOPBACK, free_port
from isocenter.embedded.servers import Programs
from isocenter.errors import Unavailable

STAGE = 0
NODE = "ISOCENTER_NODE"  # so that whoever looks at this machine's processes can tell them apart
BROKERS = 3
MINIO_USER = "isocenter"
ANSWER_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Backends:
    """Child processes, what services are told about them, and the pages that answer 200 once they can be used."""

    children: tuple[Child, ...]
    told: Mapping[str, str]
    answers: tuple[str, ...] = field(default=())


def one_broker(layout: Layout) -> Backends:
    """Files, SQLite and one nats-server."""
    broker = NatsServer(layout.bus, free_port(LOOPBACK), layout.secret("bus"))
    command = tuple(broker.write(layout.run / "nats.conf"))
    return Backends(
        (Child("nats", command, {NODE: "nats"}, STAGE, layout.bus),),
        {"ISOCENTER_BUS_URL": broker.url, "ISOCENTER_BUS_TOKEN": broker.token},
    )


def servers(layout: Layout, site: str, programs: Programs) -> Backends:
    """MinIO, OpenSearch and three nats-servers, each on loopback."""
    minio = MinioServer(
        programs.minio, layout.data / "minio", free_port(LOOPBACK), MINIO_USER, layout.secret("s3")
    )
    opensearch = OpenSearchServer(
        programs.java,
        programs.opensearch,
        layout.data / "opensearch",
        free_port(LOOPBACK),
        free_port(LOOPBACK),
    )
    cluster = _cluster(layout, site)
    return Backends(
        (
            _server("minio", minio.prepare(), minio.environment),
            _server("opensearch", opensearch.prepare(), {}),
            *(_broker(cluster, node, layout.run) for node in cluster.nodes),
        ),
        {
            "ISOCENTER_OBJECTS_URL": minio.url,
            "ISOCENTER_OBJECTS_ACCESS_KEY": minio.access_key,
            "ISOCENTER_OBJECTS_SECRET_KEY": minio.secret_key,
            "ISOCENTER_JOURNAL_URL": minio.url,
            "ISOCENTER_INDEX_URL": opensearch.url,
            "ISOCENTER_BUS_URL": cluster.url,
            "ISOCENTER_BUS_USER": site,
            "ISOCENTER_BUS_TOKEN": layout.secret("bus"),
            "ISOCENTER_BUS_REPLICAS": str(BROKERS),
        },
        (minio.health, opensearch.health),
    )


def _cluster(layout: Layout, site: str) -> NatsCluster:
    nodes = tuple(
        ClusterNode(
            f"nats-{number}",
            layout.bus / f"nats-{number}",
            free_port(LOOPBACK),
            free_port(LOOPBACK),
        )
        for number in range(1, BROKERS + 1)
    )
    account = SiteAccount(site, layout.secret("bus"))
    administrator = layout.secret("bus administrator")
    return NatsCluster(nodes, (account,), layout.secret("bus routes"), administrator, BROKERS)


def _broker(cluster: NatsCluster, node: ClusterNode, run: Path) -> Child:
    command = tuple(cluster.write(node, run / f"{node.name}.conf"))
    return Child(node.name, command, {NODE: node.name}, STAGE, node.store_folder)


def _server(name: str, command: tuple[str, ...], told: Mapping[str, str]) -> Child:
    return Child(name, command, {NODE: name, **told}, STAGE)


def write_told(path: Path, told: Mapping[str, str]) -> None:
    """Keep what services are told for commands of the same user."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(dict(told)))


def read_told(path: Path) -> dict[str, str]:
    """Settings by the names of their fields; empty when no platform wrote any."""
    try:
        told: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {name.removeprefix("ISOCENTER_").lower(): value for name, value in told.items()}


async def until_usable(backends: Backends, timeout_s: float) -> None:
    """Wait until every page answers; raises Unavailable."""
    deadline_s = time.monotonic() + timeout_s
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        for page in backends.answers:
            while not await _answers(client, page):
                if time.monotonic() > deadline_s:
                    raise Unavailable(
                        f"{page} does not answer after {timeout_s:.0f} s; see the logs folder"
                    )
                await asyncio.sleep(ANSWER_POLL_S)


async def _answers(client: httpx.AsyncClient, page: str) -> bool:
    try:
        return (await client.get(page)).is_success
    except httpx.HTTPError:
        return False

"""The embedded platform as a list of child processes, made from what `isocenter up` was told."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isocenter.embedded.children import Child
from isocenter.embedded.layout import Layout
from isocenter.embedded.nats_server import NatsServer

LOOPBACK = "127.0.0.1"
# glibc gives large blocks back and forth with the kernel at its default thresholds; kept, a frame costs half (measured)
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
BROKER_STAGE, INDEX_STAGE, EDGE_STAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Options:
    """What `isocenter up` was told."""

    data: Path
    listen: str = LOOPBACK
    http_port: int = 8080
    dicom_port: int = 11112
    dicom_tls_port: int = 0
    ae_title: str = "ISOCENTER"
    site: str = "local"
    http_workers: int = 2
    settle_s: float = 60.0

    @property
    def reach(self) -> str:
        """An address at which this machine reaches the listeners."""
        return LOOPBACK if self.listen in ("0.0.0.0", "::", "localhost") else self.listen  # noqa: S104

    @property
    def url(self) -> str:
        """Where people go."""
        return f"http://{f'[{self.reach}]' if ':' in self.reach else self.reach}:{self.http_port}"


def environment(options: Options, layout: Layout, bus_port: int) -> dict[str, str]:
    """What all service processes are told; `ISOCENTER_...` of the supervisor's own environment comes first."""
    told = {
        "ISOCENTER_SITE": options.site,
        "ISOCENTER_DATA_FOLDER": str(layout.data),
        "ISOCENTER_RUN_FOLDER": str(layout.run),
        "ISOCENTER_CONFIG_FOLDER": str(layout.config),
        "ISOCENTER_BUS_URL": f"nats://{LOOPBACK}:{bus_port}",
        "ISOCENTER_BUS_TOKEN": layout.secret("bus"),
        "ISOCENTER_RPC_TOKEN": layout.secret("rpc"),
        "ISOCENTER_LISTEN": options.listen,
        "ISOCENTER_HTTP_PORT": str(options.http_port),
        "ISOCENTER_INGEST_DICOM_PORT": str(options.dicom_port),
        "ISOCENTER_INGEST_DICOM_TLS_PORT": str(options.dicom_tls_port),
        "ISOCENTER_INGEST_AE_TITLE": options.ae_title,
        "ISOCENTER_INDEXER_SETTLE_S": str(options.settle_s),
    }
    own = dict(os.environ)  # noqa: TID251  (passed on to the children, not read)
    return {**ALLOCATOR, **own, **{name: own.get(name, value) for name, value in told.items()}}


def service(name: str, node: str, stage: int, environ: Mapping[str, str]) -> Child:
    """One service process; the node names its journal."""
    command = (sys.executable, "-m", "isocenter", "serve", name)
    return Child(node, command, {**environ, "ISOCENTER_NODE": node}, stage)


def children(options: Options, layout: Layout, bus_port: int) -> list[Child]:
    """All processes of the platform."""
    told = environment(options, layout, bus_port)
    broker = NatsServer(layout.bus, bus_port, layout.secret("bus"))
    workers = [
        service("http", f"http-{number}", EDGE_STAGE, told)
        for number in range(1, options.http_workers + 1)
    ]
    return [
        Child("nats", tuple(broker.write(layout.run / "nats.conf")), dict(told), BROKER_STAGE),
        service("indexer", "indexer", INDEX_STAGE, told),
        service("ingest", "ingest", EDGE_STAGE, told),
        *workers,
    ]

"""A platform on one machine as a list of child processes, made from what `isocenter up` was told."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from isocenter.embedded.backends import Backends, one_broker, servers
from isocenter.embedded.children import Child
from isocenter.embedded.layout import Layout
from isocenter.embedded.options import Options
from isocenter.embedded.servers import find_programs

# glibc gives large blocks back and forth with the kernel at its default thresholds; kept, a frame costs half (measured)
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
INDEX_STAGE, EDGE_STAGE = 1, 2


class Part(NamedTuple):
    """A service among the processes."""

    service: str
    stage: int
    replicas: int  # in the cluster profile


PARTS = (
    Part("indexer", INDEX_STAGE, 2),
    Part("ingest", EDGE_STAGE, 2),
    Part("transcoder", EDGE_STAGE, 1),
)
"""Services with processes of their own; a new one needs a line here. HTTP workers have the routes of all."""


def backends(options: Options, layout: Layout) -> Backends:
    """Give what the profile stands on; raises Unavailable when a program is missing."""
    if not options.is_cluster:
        return one_broker(layout)
    return servers(layout, options.site, find_programs(options.minio, options.opensearch))


def environment(options: Options, layout: Layout, stands_on: Backends) -> dict[str, str]:
    """What all service processes are told; `ISOCENTER_...` of the supervisor's own environment comes first."""
    indexers, transcoders = (
        ",".join(nodes_of(service, is_cluster=options.is_cluster))
        for service in ("indexer", "transcoder")
    )
    told = {
        "ISOCENTER_SITE": options.site,
        "ISOCENTER_DATA_FOLDER": str(layout.data),
        "ISOCENTER_RUN_FOLDER": str(layout.run),
        "ISOCENTER_CONFIG_FOLDER": str(layout.config),
        "ISOCENTER_RPC_TOKEN": layout.secret("rpc"),
        "ISOCENTER_LISTEN": options.listen,
        "ISOCENTER_HTTP_PORT": str(options.http_port),
        "ISOCENTER_INGEST_DICOM_PORT": str(options.dicom_port),
        "ISOCENTER_INGEST_DICOM_TLS_PORT": str(options.dicom_tls_port),
        "ISOCENTER_INGEST_AE_TITLE": options.ae_title,
        "ISOCENTER_INGEST_SHARE_DICOM_PORT": str(options.is_cluster).lower(),
        "ISOCENTER_INGEST_PURGE_NODE": nodes_of("ingest", is_cluster=options.is_cluster)[0],
        "ISOCENTER_INGEST_INDEXER_NODES": indexers,
        "ISOCENTER_STREAMING_INDEXER_NODES": indexers,
        "ISOCENTER_STREAMING_TRANSCODER_NODES": transcoders,
        "ISOCENTER_TRANSCODER_INDEXER_NODES": indexers,
        "ISOCENTER_INGEST_STREAMING_NODES": ",".join(workers(options)),
        "ISOCENTER_INDEXER_SETTLE_S": str(options.settle_s),
        **stands_on.told,
    }
    own = dict(os.environ)  # noqa: TID251  (passed on to the children, not read)
    return {**ALLOCATOR, **own, **{name: own.get(name, value) for name, value in told.items()}}


def nodes(service: str, replicas: int) -> list[str]:
    """Names of a service's processes, which are those of their journals; one alone has no number."""
    if replicas == 1:
        return [service]
    return [f"{service}-{number}" for number in range(1, replicas + 1)]


def nodes_of(service: str, *, is_cluster: bool) -> list[str]:
    """Names of a service's processes in a profile."""
    (part,) = (part for part in PARTS if part.service == service)
    return nodes(service, part.replicas if is_cluster else 1)


def workers(options: Options) -> list[str]:
    """Names of the HTTP workers, which answer streaming's gRPC too."""
    return [f"http-{number}" for number in range(1, options.http_workers + 1)]


def process(service: str, node: str, stage: int, told: Mapping[str, str]) -> Child:
    """One service process."""
    command = (sys.executable, "-m", "isocenter", "serve", service)
    return Child(node, command, {**told, "ISOCENTER_NODE": node}, stage)


def children(options: Options, layout: Layout, stands_on: Backends) -> list[Child]:
    """All processes of the platform."""
    told = environment(options, layout, stands_on)
    services = [
        process(part.service, node, part.stage, told)
        for part in PARTS
        for node in nodes_of(part.service, is_cluster=options.is_cluster)
    ]
    http = [process("http", node, EDGE_STAGE, told) for node in workers(options)]
    return [*stands_on.children, *services, *http]

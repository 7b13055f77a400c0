"""A platform of the cluster profile as its users start it: on MinIO, OpenSearch and three NATS servers."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio
from tests.support.checker.servers import OnServers
from tests.support.platform import Platform, kept_running

from isocenter.embedded.backends import read_told
from isocenter.embedded.layout import Layout
from isocenter.embedded.platform import PARTS, nodes
from isocenter.embedded.servers import find_programs
from isocenter.errors import Unavailable

SERVERS = ("minio", "opensearch", "nats-1", "nats-2", "nats-3")
HTTP_WORKERS = ("http-1", "http-2")


class ClusterPlatform(Platform):
    """One in one data folder."""

    parts = (
        *SERVERS,
        *(node for part in PARTS for node in nodes(part.service, part.replicas)),
        *HTTP_WORKERS,
    )
    start_s = 240.0  # on two cores that others use too

    def __init__(
        self, data: Path, *, settle_s: float = 2.0, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, settle_s=settle_s, settings=settings)
        self._command += ["--profile", "cluster"]

    @property
    def kept(self) -> OnServers:
        told = self.servers()
        store, index = urlsplit(told["objects_url"]), urlsplit(told["index_url"])
        client = Minio(
            store.netloc,
            access_key=told["objects_access_key"],
            secret_key=told["objects_secret_key"],
            secure=False,
            region="us-east-1",
        )
        bucket, prefix = store.path.strip("/"), index.path.strip("/")
        return OnServers(client, bucket, f"http://{index.netloc}", prefix)

    def servers(self) -> dict[str, str]:
        """Where its servers are, whatever its services were told: settings by the names of their fields."""
        return read_told(Layout(self.data).backends_file)


@contextmanager
def running_cluster_platform(
    data: Path, *, settle_s: float = 2.0, settings: Mapping[str, str] | None = None
) -> Iterator[ClusterPlatform]:
    """One for as long as the block lasts; on failure the ends of its logs are printed."""
    try:
        find_programs()
    except Unavailable as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(error.message)
    with kept_running(ClusterPlatform(data, settle_s=settle_s, settings=settings)) as platform:
        yield platform


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterPlatform]:
    """The platform that tests share; whoever harms it waits until it is whole again."""
    with running_cluster_platform(tmp_path_factory.mktemp("cluster") / "data") as platform:
        yield platform

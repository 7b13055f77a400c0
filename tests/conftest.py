"""Servers that tests of many modules share: each is started once, when the first test asks for it."""

import pytest
from tests.support.cluster_platform import cluster
from tests.support.keycloak_server import keycloak
from tests.support.nats_cluster import cluster_to_harm, nats_cluster
from tests.support.opensearch_server import (
    opensearch,
    opensearch_of_module,
    opensearch_to_harm,
)
from tests.support.s3_servers import minio, minio_to_harm, versitygw

__all__ = [
    "cluster",
    "cluster_to_harm",
    "keycloak",
    "minio",
    "minio_to_harm",
    "nats_cluster",
    "opensearch",
    "opensearch_of_module",
    "opensearch_to_harm",
    "versitygw",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long run ends when it is done, whatever bound its module has."""
    for item in items:
        if item.get_closest_marker("soak") is not None:
            item.add_marker(pytest.mark.timeout(0), append=False)

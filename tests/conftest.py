"""Servers that tests of many modules share: each is started once, when the first test asks for it."""

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

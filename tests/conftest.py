"""Servers that tests of many modules share: each is started once, when the first test asks for it."""

from tests.support.nats_cluster import cluster_to_harm, nats_cluster
from tests.support.opensearch_server import opensearch, opensearch_to_harm

__all__ = ["cluster_to_harm", "nats_cluster", "opensearch", "opensearch_to_harm"]

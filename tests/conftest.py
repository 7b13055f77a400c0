"""Servers that tests of many modules share: each is started once, when the first test asks for it."""

from tests.support.nats_cluster import cluster_to_harm, nats_cluster

__all__ = ["cluster_to_harm", "nats_cluster"]

"""Clusters, each started when the first test asks for it."""

from tests.support.kubernetes.control_plane import simulated_cluster
from tests.support.kubernetes.node import node

__all__ = ["node", "simulated_cluster"]

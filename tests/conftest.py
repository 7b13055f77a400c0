"""Servers that tests of many modules share: each is started once, when the first test asks for it."""

from tests.support.nats_cluster import nats_cluster

__all__ = ["nats_cluster"]

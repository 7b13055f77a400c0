"""The EventBus contract on a real cluster of three nats-servers."""

import pytest
from tests.contract.bus_suite import EventBusSuite
from tests.support.nats_cluster import RunningCluster

from isocenter.adapters.bus.nats import NatsBus


class TestNatsClusterBus(EventBusSuite):
    @pytest.fixture(autouse=True)
    def _account(self, nats_cluster: RunningCluster) -> None:
        self.cluster = nats_cluster
        self.account = nats_cluster.fresh_account()

    async def make(self) -> NatsBus:
        return self.cluster.bus(self.account)

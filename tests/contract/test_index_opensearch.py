"""The MetadataIndex contract on a real OpenSearch."""

from collections.abc import Iterator

import pytest
from tests.contract.index_suite import IndexSuite, Opened
from tests.support.opensearch_server import OpenSearchForTests

from isocenter.adapters.index.opensearch import OpenSearchGenerations, OpenSearchReader, located


class TestOpenSearchIndex(IndexSuite):
    @pytest.fixture(autouse=True)
    def _server(self, opensearch: OpenSearchForTests) -> Iterator[None]:
        self.server = opensearch
        yield
        opensearch.clear()

    def make(self) -> Opened:
        self.server.clear()
        place = located(self.server.fresh_url(), **self.server.secrets)
        return Opened(OpenSearchGenerations(*place), lambda: OpenSearchReader(*place))

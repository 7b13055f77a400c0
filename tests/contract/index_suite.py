"""What every MetadataIndex promises. An adapter's test supplies `make`, which opens an empty one each time."""

from tests.contract.index_search_suite import IndexSearchSuite, Opened
from tests.contract.index_state_suite import IndexStateSuite
from tests.contract.index_write_suite import IndexWriteSuite

__all__ = ["IndexSuite", "Opened"]


class IndexSuite(IndexSearchSuite, IndexWriteSuite, IndexStateSuite):
    """All of it."""

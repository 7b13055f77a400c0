"""What every MetadataIndex promises. An adapter's test supplies `make`."""

from tests.contract.index_search_suite import IndexSearchSuite, Opened

__all__ = ["IndexSuite", "Opened"]


class IndexSuite(IndexSearchSuite):
    """All of it."""

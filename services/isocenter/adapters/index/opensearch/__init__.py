"""MetadataIndex on OpenSearch: for many replicas of the services, and studies by the million."""

from isocenter.adapters.index.opensearch.generations import OpenSearchGenerations
from isocenter.adapters.index.opensearch.location import located
from isocenter.adapters.index.opensearch.reader import OpenSearchReader
from isocenter.adapters.index.opensearch.server import Access
from isocenter.adapters.index.opensearch.writer import OpenSearchIndex

__all__ = ["Access", "OpenSearchGenerations", "OpenSearchIndex", "OpenSearchReader", "located"]

"""MetadataIndex adapters."""

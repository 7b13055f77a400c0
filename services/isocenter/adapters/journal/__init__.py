"""Journal adapters."""

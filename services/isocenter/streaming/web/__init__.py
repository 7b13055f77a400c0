"""What a browser is given: the worklist page, and the full viewer as it was installed."""

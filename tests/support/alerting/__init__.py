"""A platform that a real Prometheus watches with the chart's own rules, and faults to bring about in it."""

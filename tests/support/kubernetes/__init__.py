"""A Kubernetes of our own, and the chart on it."""

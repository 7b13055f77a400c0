"""Decides whether an instance is acceptable, and whether it is safe now."""

"""Decides which representation an instance is streamed in, and proves that it is the same picture."""

"""Benchmarks beside the peers, in one run: `make bench`. They print rates and ratios and never fail a test."""

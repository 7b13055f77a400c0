"""Decides what can be found, what is current, and when a study is complete."""

"""Decides how a reader gets pixels and answers."""

"""Stored bytes to samples and back. The only home of codecs."""

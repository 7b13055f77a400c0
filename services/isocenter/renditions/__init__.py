"""Streaming renditions: how they lie in packs, how they are named, how they travel. No I/O and no codec."""

"""How two DICOM applications talk: the upper layer (PS3.8) and the messages (PS3.7). No service logic."""

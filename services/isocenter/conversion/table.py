"""The table of enhanced and classic images, and what can be told by it alone, without a library that reads them."""

import tomllib
from importlib.resources import files
from typing import Any

TABLE: dict[str, Any] = tomllib.loads(
    (files(__package__) / "tables" / "classic.toml").read_text("utf-8")
)
CLASSIC_CLASSES: dict[str, str] = TABLE["sop_classes"]
LOSSY_METHODS = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
}
"""Lossy Image Compression Method of each lossy transfer syntax that is written (PS3.3 C.7.6.1.1.5.1)."""
FIRST_PART = 1  # of a series; its instances keep their names


def is_enhanced(sop_class_uid: str) -> bool:
    """Whether images of this class can be had as classic ones."""
    return sop_class_uid in CLASSIC_CLASSES

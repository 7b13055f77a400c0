"""The table of enhanced and classic images, and what can be told by it alone, without a library that reads them."""

import tomllib
from importlib.resources import files
from typing import Any

TABLE: dict[str, Any] = tomllib.loads(
    (files(__package__) / "tables" / "classic.toml").read_text("utf-8")
)
CLASSIC_CLASSES: dict[str, str] = TABLE["sop_classes"]


def is_enhanced(sop_class_uid: str) -> bool:
    """Whether images of this class can be had as classic ones."""
    return sop_class_uid in CLASSIC_CLASSES

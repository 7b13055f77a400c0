"""Unique identifiers (PS3.5 section 9) and the one place that decides whether a text may be used as one."""

import re
from typing import NewType
from zlib import crc32

UID = NewType("UID", str)

MAX_UID_LENGTH = 64  # PS3.5 9.1
PARTITIONS = 64
_PATTERN = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)


def is_valid_uid(text: str) -> bool:
    """Tell whether `text` may become part of a key, path or query: digits and dots, at most 64 characters.

    Leading zeros of a component are forbidden by PS3.5 9.1 but common in the field and harmless, so they pass here;
    the header scan reports them as a finding.
    """
    return len(text) <= MAX_UID_LENGTH and _PATTERN.fullmatch(text) is not None


def partition_of(study_instance_uid: str) -> int:
    """Give the study's partition, 0 to 63: crc32 of the UID. Part of the event API, never to change."""
    return crc32(study_instance_uid.encode("ascii")) % PARTITIONS

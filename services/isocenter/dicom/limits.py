"""Caps of the header scan: reached before memory is taken or time is spent."""

from dataclasses import dataclass

LEAF_MAX_BYTES = 4096  # longer values are located, not copied: see `Header.pieces`
UNDEFINED_LENGTH = 0xFFFFFFFF  # PS3.5 7.1.1

# What was odd but usable: a stable code in snake case, the element as eight hexadecimal digits or empty, and a
# sentence for a person that holds no value.
Finding = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Every default is meant for the open network; a site may raise them for a sender it knows.

    `max_header_bytes` counts all outside Pixel Data and values above `LEAF_MAX_BYTES`; `max_elements` elements and
    items at any depth. `max_depth` may only be lowered: the JSON model reads no deeper than the default. The inflater
    may give `max_inflate_ratio` times what it was fed once it gave 1 MiB.
    """

    max_header_bytes: int = 64 << 20
    max_elements: int = 1_000_000
    max_depth: int = 64
    max_fragments: int = 1_000_000
    max_findings: int = 100
    max_inflated_bytes: int = 4 << 30
    max_inflate_ratio: int = 200


DEFAULT_LIMITS = ScanLimits()

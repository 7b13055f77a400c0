"""What is in an entry's version: 47 bits of wall time in milliseconds, 16 bits of counter."""

LOGICAL_BITS = 16


def version_ms(version: int) -> int:
    """Wall milliseconds in a version, for showing; never for ordering."""
    return version >> LOGICAL_BITS

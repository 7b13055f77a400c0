"""UIDs of what conversion makes: pure functions of what it is made of, so doing it twice makes the same."""

import uuid
from hashlib import sha256


def derived_uid(kind: str, *of: object) -> str:
    """A UID below 2.25 (PS3.5 B.2), always the same for the same words."""
    digest = sha256("\n".join(["isocenter", kind, *map(str, of)]).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"

"""What things are called on the server: indices of a generation, and documents in them."""

import hashlib
import re
from typing import Literal

from isocenter.errors import InvalidRequest

Kind = Literal["studies", "series", "instances", "ledger"]
KINDS: tuple[Kind, ...] = ("studies", "series", "instances", "ledger")
STATE = "state"  # the one document of its kind in the ledger
_PREFIX = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)


def checked_prefix(prefix: str) -> str:
    """Raise InvalidRequest unless it can start the names of indices; no dot, so no prefix starts another."""
    if _PREFIX.fullmatch(prefix) is None:
        raise InvalidRequest("the prefix of an index is a-z, then up to 62 of a-z, 0-9 and -")
    return prefix


def index_name(prefix: str, kind: Kind, generation: str) -> str:
    """`<prefix>.<kind>.<generation>`; a generation's name is random, so it never comes again."""
    return f"{prefix}.{kind}.{generation}"


def writing_alias(index: str) -> str:
    """Name to write by: it goes with its index, so a write that comes late makes no new one."""
    return f"{index}.w"


def series_id(study: str, series: str) -> str:
    """Id of a series' document."""
    return f"{study}~{series}"


def instance_id(sop: str, digest: str) -> str:
    """Id of an instance's document."""
    return f"{sop}~{digest}"


def ledger_id(kind: str, key: str) -> str:
    """Id of a document in the ledger; keys may be longer than ids, and name patients."""
    return f"{kind}:{hashlib.sha256(key.encode()).hexdigest()}"

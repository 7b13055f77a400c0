"""Names of packs. A name is made of what is inside, so making the same pack again is putting the same object again."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidRequest

PREFIX = "renditions/"
FORMAT = 1  # of packs; another one is another name
Kind = Literal["chunk", "series"]
"""`chunk`: some instances, while a series arrives. `series`: all of them, in their order."""


def study_prefix(study: str) -> str:
    """What the names of all packs of a study begin with."""
    if not is_valid_uid(study):
        raise InvalidRequest("not a UID")
    return f"{PREFIX}{study}/"


def series_prefix(study: str, series: str) -> str:
    """What the names of all packs of a series begin with."""
    if not is_valid_uid(series):
        raise InvalidRequest("not a UID")
    return f"{study_prefix(study)}{series}/"


def pack_key(study: str, series: str, kind: Kind, members: Iterable[tuple[str, str]]) -> str:
    """`renditions/<study>/<series>/<kind>.<members>.<format>.pack`; a member is (SOP Instance UID, digest)."""
    listed = "".join(f"{sop} {digest}\n" for sop, digest in members)
    name = sha256(listed.encode()).hexdigest()[:32]
    return f"{series_prefix(study, series)}{kind}.{name}.{FORMAT}.pack"


def is_pack(key: str) -> bool:
    """Whether a key below the prefix is a pack of this format."""
    return key.startswith(PREFIX) and key.endswith(f".{FORMAT}.pack")


def is_series_pack(key: str) -> bool:
    """Whether the pack holds a whole series."""
    return is_pack(key) and key.rpartition("/")[2].startswith("series.")


def study_of(key: str) -> str:
    """Study of a key below the prefix."""
    return key.removeprefix(PREFIX).partition("/")[0]


def series_of(key: str) -> str:
    """Series of a pack's key."""
    return key.removeprefix(PREFIX).split("/")[1]

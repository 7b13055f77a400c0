"""What a finished backup says of itself: how far it goes, and digests of all files that no entry vouches for.

The chain of proof: the manifest has its own digest and those of the journal's segments, the segments hold the digest
of each object.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from isocenter.errors import Corrupted, NotFound
from isocenter.ports.journal import Stream
from isocenter.ports.objects import ObjectStore

KEY = "backup.json"
FORMAT = 1
MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A segment of the journal or a file of the configuration, as it lies in the backup."""

    size_bytes: int
    sha256: str
    commits: int = 0
    objects: int = 0  # that its entries name


@dataclass(frozen=True, slots=True)
class Manifest:
    """Written last. `lacking`: keys of objects that were missing or damaged where they were copied from."""

    site: str
    finished_ms: int
    ends: dict[str, int]  # by `node-epoch`
    files: dict[str, File]
    left_out: list[str] = field(default_factory=list)  # configuration that is secret
    lacking: list[str] = field(default_factory=list)

    def end(self, stream: Stream) -> int:
        """Last commit of a stream that is in this backup."""
        return self.ends.get(stream_name(stream), 0)


def stream_name(stream: Stream) -> str:
    """`node-epoch`, as in the names of segments."""
    return f"{stream.node}-{stream.epoch}"


def write(store: ObjectStore, manifest: Manifest) -> None:
    """Put it in the place of the one before."""
    told = {"format": FORMAT, **asdict(manifest)}
    content = json.dumps({**told, "sha256": _digest(told)}, indent=1)
    store.put(KEY, content.encode())


def read(store: ObjectStore) -> Manifest:
    """Raises NotFound when no backup was ever finished there, Corrupted when it is not as it was written."""
    try:
        content = store.read(KEY, 0, MAX_BYTES + 1)
    except NotFound:
        raise NotFound("there is no finished backup") from None
    try:
        told = json.loads(content)
        digest = told.pop("sha256")
        if digest != _digest(told) or told.pop("format") != FORMAT:
            raise ValueError
        files = {key: File(**one) for key, one in told.pop("files").items()}
        return Manifest(files=files, **told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupted(f"{KEY} of the backup differs from its digest") from error


def _digest(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

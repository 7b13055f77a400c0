"""Names of segments: `<hour>/<node>-<epoch>-<first>-<last>.seg`, and `...-<first>.open` while it is written."""

import re
import secrets
from datetime import UTC, datetime
from typing import NamedTuple

from isocenter.errors import InvalidRequest
from isocenter.ports.journal import Stream

FOLDER = "journal"
HOUR_MS = 3_600_000
HOUR_PARTS = 4  # yyyy/mm/dd/hh
DAY_LENGTH = len("yyyy/mm/dd")
SEALED = ".seg"
OPEN = ".open"
FRESH = ".new"  # not yet, or no longer, part of the journal
EPOCH_BYTES = 8
_NAME = re.compile(
    r"(?P<node>[a-z0-9-]{1,32})-(?P<epoch>[0-9a-f]{16})-(?P<first>[0-9]{12,19})"
    r"(?:-(?P<last>[0-9]{12,19})\.seg|\.open)",
    re.ASCII,
)
_NODE = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


class Segment(NamedTuple):
    """Consecutive commits `first` to `last` of one stream; `last` is None while it is open.

    `size_bytes` is 0 where looking for segments does not tell.
    """

    folder: str
    stream: Stream
    first: int
    last: int | None
    size_bytes: int = 0

    @property
    def path(self) -> str:
        """Where it is."""
        stem = f"{self.folder}/{self.stream.node}-{self.stream.epoch}-{self.first:012d}"
        return f"{stem}{OPEN}" if self.last is None else f"{stem}-{self.last:012d}{SEALED}"

    @property
    def hour(self) -> str:
        """`yyyy/mm/dd/hh` of its folder."""
        return "/".join(self.folder.split("/")[-HOUR_PARTS:])

    @property
    def day(self) -> str:
        """`yyyy/mm/dd` of its folder."""
        return self.hour[:DAY_LENGTH]

    def sealed(self, last: int) -> "Segment":
        """The same segment with its end known."""
        return self._replace(last=last)


def parse(folder: str, name: str) -> Segment | None:
    """Read a file's name; None when it is no segment's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    last = found["last"]
    stream = Stream(found["node"], found["epoch"])
    return Segment(folder, stream, int(found["first"]), None if last is None else int(last))


def check_node(node: str) -> str:
    """Return the node's name, or raise InvalidRequest: `[a-z0-9-]{1,32}`."""
    if _NODE.fullmatch(node) is None:
        raise InvalidRequest("a node's name is 1 to 32 of a-z, 0-9 and -")
    return node


def new_stream(node: str) -> Stream:
    """A stream nobody wrote to before. Raises InvalidRequest for what is no node's name."""
    return Stream(check_node(node), secrets.token_hex(EPOCH_BYTES))


def hour_folder(now_ms: int) -> str:
    """`<yyyy>/<mm>/<dd>/<hh>` of a wall time, UTC."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y/%m/%d/%H")

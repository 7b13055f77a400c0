"""Journal segments, read from their bytes, whether these are files or objects."""

import re
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.checker import wire

HEADER = struct.Struct("<4sIQQII")
ENTRY = struct.Struct("<BBQI")
NAME = re.compile(r"(.+)-([0-9a-f]{16})-(\d+)(?:-(\d+)\.seg|\.open)$")
LOOKS = 50  # merging and a commit now and then let one of them be of one moment
RECEIPT, DELETION, HOLD, CHOSEN, COMPLETION, AE_CHANGED = 1, 4, 7, 9, 10, 16


@dataclass(frozen=True, slots=True)
class Line:
    """One entry with its place."""

    node: str
    epoch: str
    sequence: int
    kind: int
    version: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says."""

    study: str
    series: str
    sop: str
    transfer_syntax: str
    digest: str
    key: str
    line: Line


def _commits(data: bytes, seed: int) -> list[tuple[int, int, bytes]]:
    """Whole commits until the first torn one: sequence, entries, body."""
    found = []
    at = 0
    while at + HEADER.size <= len(data):
        mark, checksum, sequence, _, entries, size = HEADER.unpack_from(data, at)
        if mark != b"ISJ1":
            break
        unsigned = data[at + 8 : at + HEADER.size]
        body = data[at + HEADER.size : at + HEADER.size + size]
        if len(body) != size or zlib.crc32(body, zlib.crc32(unsigned, seed)) != checksum:
            break
        found.append((sequence, entries, body))
        at += HEADER.size + size
    return found


def parse(name: str, content: bytes) -> dict[tuple[str, str, int], list[Line]]:
    """Commits of one segment, by their place."""
    named = NAME.match(name)
    if named is None:
        return {}
    node, epoch = named[1], named[2]
    found = {}
    for sequence, entries, body in _commits(content, zlib.crc32(f"{node}-{epoch}".encode())):
        commit, at = [], 0
        for _ in range(entries):
            kind, _, version, size = ENTRY.unpack_from(body, at)
            at += ENTRY.size
            commit.append(Line(node, epoch, sequence, kind, version, body[at : at + size]))
            at += size
        found[node, epoch, sequence] = commit
    return found


def lines(archive: Path) -> list[Line]:
    """All entries of all streams, in the order of each; a sequence found twice (a merge cut short) counts once."""
    folder = archive / "journal"

    def segments() -> list[str]:
        return sorted(str(path) for path in folder.rglob("*") if NAME.match(path.name))

    return at_rest(segments, lambda paths: map(_content, paths))


def _content(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:  # sealed or merged this moment
        return None


def at_rest(
    segments: Callable[[], list[str]],
    contents: Callable[[list[str]], Iterable[bytes | None]],
) -> list[Line]:
    """All entries of a journal, in which segments may be merged meanwhile.

    A list and what is read after it are not of one moment: neither the merged segment nor its parts may be in what
    was seen. So both are done again until the same segments are there afterwards, and others only at the ends.
    """
    there = segments()
    for _ in range(LOOKS):
        found: dict[tuple[str, str, int], list[Line]] = {}
        for path, content in zip(there, contents(there), strict=True):
            found |= parse(path.rpartition("/")[2], content or b"")
        before, there = there, segments()
        if set(before) <= set(there) and _follow(found, set(there) - set(before)):
            return in_order(found)
    raise AssertionError(f"segments of the journal came and went through {LOOKS} looks at it")


def _follow(found: dict[tuple[str, str, int], list[Line]], fresh: set[str]) -> bool:
    """Whether segments that came meanwhile begin where what was found of their streams ends."""
    ends: dict[tuple[str, str], int] = {}
    for node, epoch, sequence in found:
        ends[node, epoch] = max(sequence, ends.get((node, epoch), 0))
    named = [NAME.match(path.rpartition("/")[2]) for path in fresh]
    for one in sorted((one for one in named if one), key=lambda one: int(one[3])):
        stream = one[1], one[2]
        if (
            stream not in ends or int(one[3]) != ends[stream] + 1
        ):  # perhaps merged of what was not seen
            return False
        ends[stream] = int(one[4] or one[3])
    return True


def in_order(found: dict[tuple[str, str, int], list[Line]]) -> list[Line]:
    """All entries, stream by stream."""
    return [line for key in sorted(found) for line in found[key]]


def newest(archive: Path, node: str) -> list[Line]:
    """Entries of the segment that a node wrote to last; empty when it wrote none."""
    paths = [path for path in (archive / "journal").rglob(f"{node}-*") if NAME.match(path.name)]
    if not paths:
        return []
    path = max(paths, key=written_ns)
    return [line for commit in parse(path.name, path.read_bytes()).values() for line in commit]


def written_ns(path: Path) -> int:
    """When a segment was written to last."""
    return path.stat().st_mtime_ns


def receipts(found: list[Line]) -> list[Receipt]:
    """Only the receipts."""
    made = []
    for line in found:
        if line.kind == RECEIPT:
            study, series, sop, syntax, digest, key = wire.texts(line.payload, 1, 2, 3, 5, 6, 7)
            made.append(Receipt(study, series, sop, syntax, digest, key, line))
    return made


def ae_lines(found: list[Line]) -> dict[str, list[tuple[str, int]]]:
    """Address and port of each line of the titles the journal speaks of, by its newest word; none when removed."""
    newest: dict[str, Line] = {}
    for line in found:
        if line.kind == AE_CHANGED:
            (title,) = wire.texts(line.payload, 1)
            before = newest.get(title)
            if before is None or (before.version, before.node) < (line.version, line.node):
                newest[title] = line
    return {
        title: [
            (wire.texts(value, 1)[0], wire.number(value, 4))
            for field, value in wire.fields(line.payload)
            if field == 2 and isinstance(value, bytes)
        ]
        for title, line in newest.items()
    }


def gaps(found: list[Line]) -> list[str]:
    """Streams whose sequences are not 1, 2, 3, ..."""
    seen: dict[tuple[str, str], list[int]] = {}
    for line in found:
        sequences = seen.setdefault((line.node, line.epoch), [0])
        if line.sequence != sequences[-1]:
            sequences.append(line.sequence)
    return [
        f"journal {node}-{epoch} jumps"
        for (node, epoch), sequences in seen.items()
        if sequences != list(range(len(sequences)))
    ]

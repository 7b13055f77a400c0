"""What streams have grown by, as whole commits, all streams merged in the order of versions."""

import heapq
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from isocenter.ports.journal import Journal, Record, Stream

MAX_RECORDS = 500
MAX_READ_S = 2.0  # of a slow journal: what was read by then can be found
MAX_OPEN = (
    64  # streams read at a time from the start on; of more, each is opened when its turn comes
)


@dataclass(slots=True)
class Batch:
    """Records of whole commits, by version and node; `positions` are those of the last commits in it."""

    records: list[Record] = field(default_factory=list)
    positions: dict[Stream, int] = field(default_factory=dict)


def batches(
    journal: Journal,
    after: Mapping[Stream, int],
    through: Mapping[Stream, int],
    max_records: int = MAX_RECORDS,
    max_s: float = MAX_READ_S,
) -> Iterator[Batch]:
    """Everything after `after` up to `through`, without gaps; a batch is closed by the commit that fills it, or
    by the first that came after `max_s`.

    Commits whose entries are all gone (a purge rewrites segments) leave no trace in `positions`.
    """
    batch, began_s = Batch(), time.monotonic()
    for stream, commit in _merged(journal, after, through):
        batch.records += commit
        batch.positions[stream] = commit[0].position.sequence
        if len(batch.records) >= max_records or time.monotonic() - began_s >= max_s:
            yield _ordered(batch)
            batch, began_s = Batch(), time.monotonic()
    if batch.records:
        yield _ordered(batch)


def _ordered(batch: Batch) -> Batch:
    batch.records.sort(key=_order)
    return batch


def _order(record: Record) -> tuple[int, str, str, int, int]:
    node, epoch, sequence, index = record.position
    return record.entry.version, node, epoch, sequence, index


@dataclass(order=True, slots=True)
class _Cursor:
    """A stream's next commit, and how to come to the one after it."""

    version: int
    stream: Stream
    commit: list[Record] = field(compare=False)
    rest: Iterator[list[Record]] | None = field(compare=False)


def _merged(
    journal: Journal, after: Mapping[Stream, int], through: Mapping[Stream, int]
) -> Iterator[tuple[Stream, list[Record]]]:
    grown = {stream: end for stream, end in through.items() if end > after.get(stream, 0)}
    heads: list[_Cursor] = []
    for stream, end in grown.items():
        rest = _commits(journal.read(stream, after.get(stream, 0), end))
        commit = next(rest, None)
        if commit is not None:
            keep = len(grown) <= MAX_OPEN
            heads.append(_Cursor(_version(commit), stream, commit, rest if keep else None))
    heapq.heapify(heads)
    while heads:
        cursor = heads[0]
        yield cursor.stream, cursor.commit
        if cursor.rest is None:
            read_so_far = cursor.commit[0].position.sequence
            cursor.rest = _commits(journal.read(cursor.stream, read_so_far, grown[cursor.stream]))
        following = next(cursor.rest, None)
        if following is None:
            heapq.heappop(heads)
            continue
        cursor.commit, cursor.version = following, _version(following)
        heapq.heapreplace(heads, cursor)


def _commits(records: Iterable[Record]) -> Iterator[list[Record]]:
    for _, commit in groupby(records, key=lambda record: record.position.sequence):
        yield list(commit)


def _version(commit: list[Record]) -> int:
    return min(record.entry.version for record in commit)

"""Journal: what happened, in order, per writing process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from isocenter.errors import StorageFailed
from isocenter.events.entries import EntryKind

AUDIT = "-audit"  # ends the node of a stream of audit entries; a process's own name is that much shorter
AE = "-ae"  # ends the node of a stream of changes of the AE list: few, so that whoever needs it reads them alone


class StreamEnded(StorageFailed):
    """A stream has ended with a commit of which nobody knows whether it was stored; a new stream may be tried."""


class Stream(NamedTuple):
    """One writer: a process (`node`, `[a-z0-9-]{1,32}`) since one start of it (`epoch`, 16 hexadecimal digits)."""

    node: str
    epoch: str

    @property
    def is_audit(self) -> bool:
        """Holds audit entries only: nothing in it concerns a projection of images."""
        return self.node.endswith(AUDIT)

    @property
    def is_ae(self) -> bool:
        """Holds what people decided of application entities."""
        return self.node.endswith(AE)


def without_number(node: str) -> str:
    """What the processes of a service have in common: `indexer` of `indexer`, `indexer-0`, `indexer-1`."""
    name, _, number = node.rpartition("-")
    return name if name and number.isascii() and number.isdigit() else node


def commits_behind(
    ends: Mapping[Stream, int], applied: Mapping[Stream, int], indexer_nodes: Sequence[str] = ()
) -> int:
    """Commits that are in the journal and not in an index with these applied positions; audit entries never are.

    The streams of indexers are left out, of those named and of others that differ by number only, which may have been
    there once: they show what they decide as they write it down, and their place tells what they have announced.
    """
    indexers = {without_number(node) for node in indexer_nodes}
    return sum(
        max(0, end - applied.get(stream, 0))
        for stream, end in ends.items()
        if without_number(stream.node) not in indexers and not stream.is_audit
    )


class Position(NamedTuple):
    """Place of an entry: the commit's sequence in its stream (from 1, without gaps), and the place in the commit."""

    node: str
    epoch: str
    sequence: int
    entry_index: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to write: its clock version, its kind, its study's partition (0 to 63), and the encoded message."""

    version: int
    kind: EntryKind
    partition: int
    payload: bytes


class Record(NamedTuple):
    """One thing that was written, and where."""

    position: Position
    entry: Entry


class JournalWriter(Protocol):
    """The writing end of one stream; safe to call from many threads."""

    stream: Stream

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Write all entries in one commit and return when it is durable.

        Calls that arrive while a commit is under way share the next one (group commit); an idle writer commits at
        once. Raises StorageFailed once and for ever after a failed sync: the stream has ended; its subclass
        StreamEnded when a new writer may be tried.
        """
        ...

    def close(self) -> None:
        """Seal what is open. Nothing is lost when it is never called."""
        ...


class Journal(Protocol):
    """All streams of a site; blocking. Readers see only whole, checksummed commits.

    Errors: Corrupted (a commit inside a stream is damaged; a torn tail is not an error, it was never acknowledged),
    NotFound (no such stream), Unavailable, StorageFailed.
    """

    def writer(self, node: str) -> JournalWriter:
        """Start a new stream for this process, with a fresh random epoch."""
        ...

    def ends(self) -> dict[Stream, int]:
        """Last durable sequence of every stream (0 when nothing was written)."""
        ...

    def read(self, stream: Stream, after: int = 0, through: int | None = None) -> Iterator[Record]:
        """Records with `after < sequence <= through` in order; None means to the end as it is now.

        Reading on from where the last read of this stream ended is cheap.
        """
        ...

    def latest_version(self) -> int:
        """Greatest clock version in any stream, 0 when empty: what a starting clock has to observe."""
        ...

    def seal_abandoned(self, older_than_s: float) -> int:
        """Close files of writers that are gone, merge small ones after re-reading them; returns how many changed.

        To be called now and then, by the process that redacts and by no other.
        """
        ...

    def redact(self, unwanted: Callable[[Entry], bool], since_ms: int) -> int:
        """Empty the entries that `unwanted` names, durable on return.

        Their kind becomes REDACTED, places and versions stay; whoever has the old bytes open still reads them.
        Looks at what was written since that wall time, by the hour. Returns how many unwanted entries are left because
        they cannot be rewritten yet (their writer still has the file open): ask again later. One caller at a time.
        """
        ...

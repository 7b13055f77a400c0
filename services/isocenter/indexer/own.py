"""The indexers' own streams, earlier starts and holders included: what was decided in them, and how far it was said."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.indexer.completion import completed
from isocenter.indexer.decided import Decided, decode
from isocenter.indexer.follow import Follower
from isocenter.indexer.reading import batches
from isocenter.ports.index_rows import IndexBatch
from isocenter.ports.journal import Journal, Record, Stream, without_number


def own_of(ends: Mapping[Stream, int], node: str) -> dict[Stream, int]:
    """Streams of the indexers that take turns: of this name, whatever their number."""
    return {stream: end for stream, end in ends.items() if is_own(stream, node) and end}


def is_own(stream: Stream, node: str) -> bool:
    """Whether an indexer wrote it, this one or another that held the index before."""
    return without_number(stream.node) == without_number(node)


def decisions(
    journal: Journal, after: Mapping[Stream, int], through: Mapping[Stream, int]
) -> Iterator[Record]:
    """Entries of own streams in the order they were made."""
    for batch in batches(journal, after, through):
        yield from batch.records


def last_commit(journal: Journal, own: Mapping[Stream, int]) -> list[Record]:
    """The last commit this indexer made before it started: the only one whose rows may be missing."""
    commits = [list(journal.read(stream, end - 1, end)) for stream, end in own.items()]
    return max(
        (commit for commit in commits if commit),
        key=lambda commit: max(record.entry.version for record in commit),
        default=[],
    )


def resume(follower: Follower, commit: list[Record], decided: Decided) -> None:
    """Take up a last commit: what the index shows of it is done, the rest is decided and only to be applied."""
    decided.learn(commit)
    for study, present in list(decided.present.items()):
        if (follower.index.study(study) is not None) == present:
            del decided.present[study]
    apply_to_rows(follower, commit)
    decided.completed.clear()


def apply_to_rows(follower: Follower, records: Iterable[Record]) -> set[str]:
    """Apply what people decided of holds, and completions, to rows that are there; returns the completed studies."""
    studies: set[str] = set()
    for record in records:
        kind = record.entry.kind
        if kind == EntryKind.HOLD_HANDLED:
            message = decode(record)
            assert isinstance(message, entries.HoldHandled)  # noqa: S101  (the kind says so)
            if follower.index.hold(message.hold_id) is not None:
                follower.replay([(record, message)])
        elif kind == EntryKind.COMPLETION:
            completion = decode(record)
            assert isinstance(completion, entries.Completion)  # noqa: S101  (the kind says so)
            studies.add(completion.study_instance_uid)
            _complete(follower, record, completion)
    return studies


def _complete(follower: Follower, record: Record, completion: entries.Completion) -> None:
    study = follower.index.study(completion.study_instance_uid)
    if study is None or study.completed_at == record.position:
        return
    row = completed(study, completion.revision, record.position, record.entry.version)
    if study.study_instance_uid in follower.changed:
        row = replace(row, complete=False)
    follower.write(IndexBatch(studies=[row]))

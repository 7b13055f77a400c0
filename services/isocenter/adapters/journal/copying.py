"""Commits of a stream as sealed segments: a copy of a journal is a journal, in any store of objects."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from isocenter.adapters.journal.frames import END, Frame, encode, records, seed_of
from isocenter.adapters.journal.names import DAY_LENGTH, FOLDER, Segment, hour_folder, parse
from isocenter.adapters.journal.objects.contents import pread_of
from isocenter.adapters.journal.walking import frames_of
from isocenter.errors import Corrupted, InvalidRequest
from isocenter.events.versions import version_ms
from isocenter.ports.journal import Journal, Record, Stream

SLICE_BYTES = 8 << 20  # of commits; one that is larger makes a segment alone


@runtime_checkable
class _Framed(Protocol):
    def frames(
        self, stream: Stream, after: int = 0, through: int | None = None
    ) -> Iterator[Frame]: ...


class Slice(NamedTuple):
    """One sealed segment: its key, its bytes, and how many commits it holds."""

    key: str
    content: bytes
    records: list[Record]
    commits: int


def slices(journal: Journal, stream: Stream, after: int, through: int) -> Iterator[Slice]:
    """Segments that follow on each other with what `journal` has of a stream. They lie in the hours of their versions.

    No segment reaches over the end of a day, as in the journal they are copied from.
    """
    if not isinstance(journal, _Framed):
        raise TypeError("a journal that does not give its commits")
    run: list[Frame] = []
    size_bytes = 0
    for frame in journal.frames(stream, after, through):
        is_full = size_bytes + frame.size_bytes > SLICE_BYTES
        if run and (is_full or _day(frame) != _day(run[0])):
            yield _slice(stream, run)
            run, size_bytes = [], 0
        run.append(frame)
        size_bytes += frame.size_bytes
    if run:
        yield _slice(stream, run)


def read_slice(key: str, content: bytes) -> Slice:
    """Prove a segment's bytes commit by commit; raises Corrupted, and InvalidRequest for a key that names none."""
    folder, _, name = key.rpartition("/")
    segment = parse(folder, name)
    if segment is None or segment.last is None:
        raise InvalidRequest("not the key of a sealed segment")
    frames = list(frames_of(pread_of(content), segment))
    if not frames or frames[-1].sequence != segment.last:
        raise Corrupted("a segment holds other commits than its name says")
    return Slice(key, content, _records(segment.stream, frames), len(frames))


def _hour(frame: Frame) -> str:
    return hour_folder(version_ms(frame.high_version))


def _day(frame: Frame) -> str:
    return _hour(frame)[:DAY_LENGTH]


def _slice(stream: Stream, run: list[Frame]) -> Slice:
    folder = f"{FOLDER}/{_hour(run[0])}"
    last = run[-1]
    segment = Segment(folder, stream, run[0].sequence, last.sequence)
    seed = seed_of(stream)
    end = encode(seed, Frame(last.sequence, last.high_version, 0, b""), END)
    content = b"".join([*(encode(seed, frame) for frame in run), end])
    return Slice(segment.path, content, _records(stream, run), len(run))


def _records(stream: Stream, frames: Iterable[Frame]) -> list[Record]:
    return [record for frame in frames for record in records(stream, frame)]

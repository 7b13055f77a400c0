"""A series in one body, coarse to fine: its records, and in which order they come. See `SERIES_STREAM.md` beside this.

A record is a head of 16 bytes, little endian, and `length` bytes after it.
"""

import gzip
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from isocenter.errors import InvalidRequest

MEDIA_TYPE = "application/vnd.isocenter.series-stream"
VERSION = 1
HEAD = struct.Struct("<BBHIII")  # kind, level, nothing, frame, offset, length
USEFUL_SIDE = 64  # pixels of the longer side: what one sees something in
NEAR = 5  # frames round the focus that come before all others
MAX_RECORD_BYTES = 1 << 30
MAX_HAVE_CHARACTERS = 16_000


class RecordKind(IntEnum):
    """What a record brings."""

    INDEX = 0
    BYTES = 1
    END = 2
    DOCUMENTS = 3


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `frame` counts from 0 over all instances; `offset` is a place in that frame's codestream."""

    kind: RecordKind
    level: int = 0
    frame: int = 0
    offset: int = 0
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Images:
    """Some instances one after another whose frames are alike; `levels` is 0 for frames that are not in the stream."""

    sop_instance_uids: tuple[str, ...]
    frames: tuple[int, ...]  # of each instance
    transfer_syntax_uid: str
    photometric_interpretation: str
    rows: int
    columns: int
    levels: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What the order is made of: how many resolutions a frame has, and its longer side, pixels."""

    levels: int
    side: int

    @property
    def useful_level(self) -> int:
        """The least resolution in which one sees something."""
        level = self.levels - 1
        while level > 0 and self.side >> (self.levels - level) >= USEFUL_SIDE:
            level -= 1
        return level


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants: the frame looked at, the resolutions of the first and of the last pass, what it has."""

    focus: int = 0
    first_level: int | None = None
    last_level: int | None = None
    have: Mapping[int, int] | None = None  # by frame, the last resolution that is complete


@dataclass(frozen=True, slots=True)
class Part:
    """Brings a frame from one resolution (-1: nothing) to a higher one; `first`: what a reader sees before all else."""

    frame: int
    after_level: int
    level: int
    first: bool = False


def parts(shapes: Sequence[Shape], asked: Asked) -> Iterator[Part]:
    """The frame looked at and its neighbours, then that frame whole, then outwards one resolution after another.

    A frame of one resolution comes with the last pass, unless it is near.
    """
    passes = _Passes(shapes, asked)
    outward = [frame for frame in _outward(len(shapes), asked.focus) if shapes[frame].levels]
    near = outward[:NEAR]
    for frame in near:
        yield from passes.advance(frame, passes.first(frame), first=True)
    for frame in near[:1]:
        for level in range(shapes[frame].levels):
            yield from passes.advance(frame, level, first=True)
    deepest = max((shapes[frame].levels for frame in outward), default=0)
    for further in range(deepest):
        for frame in outward:
            if shapes[frame].levels > 1 or further == deepest - 1:
                yield from passes.advance(frame, passes.first(frame) + further)


class _Passes:
    """How far each frame has come."""

    def __init__(self, shapes: Sequence[Shape], asked: Asked) -> None:
        self._shapes = shapes
        self._asked = asked
        self._sent = dict(asked.have or {})

    def first(self, frame: int) -> int:
        wanted = self._asked.first_level
        return self._shapes[frame].useful_level if wanted is None else wanted

    def advance(self, frame: int, level: int, *, first: bool = False) -> Iterator[Part]:
        last, top = self._asked.last_level, self._shapes[frame].levels - 1
        level = min(level, top if last is None else min(last, top))
        sent = self._sent.get(frame, -1)
        if level > sent:
            self._sent[frame] = level
            yield Part(frame, sent, level, first)


def near_frames(shapes: Sequence[Shape], focus: int) -> list[int]:
    """The frames that come before all others."""
    return list(islice((one for one in _outward(len(shapes), focus) if shapes[one].levels), NEAR))


def _outward(count: int, focus: int) -> Iterator[int]:
    focus = min(max(focus, 0), count - 1)
    for distance in range(count):
        for frame in dict.fromkeys((focus + distance, focus - distance)):
            if 0 <= frame < count:
                yield frame


def head(record: Record, length: int) -> bytes:
    """The head of a record whose content is sent after it."""
    return HEAD.pack(record.kind, record.level, 0, record.frame, record.offset, length)


def index_record(
    images: Sequence[Images], series: str, of: str, focus: int, size_bytes: int
) -> bytes:
    """The first record, which tells what there is: `of` names these very frames, `size_bytes` is what they take."""
    told = {
        "version": VERSION,
        "series": series,
        "of": of,
        "focus": focus,
        "bytes": size_bytes,
        "images": [
            {
                "sops": one.sop_instance_uids,
                "frames": one.frames,
                "syntax": one.transfer_syntax_uid,
                "photometric": one.photometric_interpretation,
                "rows": one.rows,
                "columns": one.columns,
                "levels": one.levels,
            }
            for one in images
        ],
    }
    return _packed(RecordKind.INDEX, told)


def documents_record(documents: Sequence[Mapping[str, object]], *, every: bool) -> bytes:
    """Documents of images, what they have in common told once; `every`: of all that the index names, in its order."""
    first = documents[0] if documents else {}
    common = {
        tag: element
        for tag, element in first.items()
        if all(one.get(tag) == element for one in documents)
    }
    own = [{tag: one[tag] for tag in one.keys() - common.keys()} for one in documents]
    return _packed(RecordKind.DOCUMENTS, {"common": common, "own": own}, level=int(every))


def _packed(kind: RecordKind, told: Mapping[str, object], level: int = 0) -> bytes:
    content = gzip.compress(json.dumps(told, separators=(",", ":")).encode(), 6, mtime=0)
    return head(Record(kind, level), len(content)) + content


def end_record() -> bytes:
    """The last record: all that was asked for has been sent."""
    return head(Record(RecordKind.END), 0)


def read_have(text: str, frames: int) -> dict[int, int]:
    """Read `0-99:2,120:4`: frames, and the last resolution of them that is complete. Raises InvalidRequest."""
    if len(text) > MAX_HAVE_CHARACTERS:
        raise InvalidRequest("what is there already is told at too great a length")
    found: dict[int, int] = {}
    for part in filter(None, text.split(",")):
        span, _, level = part.partition(":")
        first, _, last = span.partition("-")
        numbers = (first, last or first, level)
        if not all(
            number.isascii() and number.isdigit() and len(number) < 10 for number in numbers
        ):
            raise InvalidRequest("what is there already is told as 0-99:2,120:4")
        for frame in range(int(first), min(int(last or first), frames - 1) + 1):
            found[frame] = int(level)
    return found


class RecordReader:
    """Reads records out of a body that comes in chunks of any size: the reference decoder."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Record]:
        """Records that are whole now; raises InvalidRequest for a body that is none."""
        self._buffer += chunk
        while len(self._buffer) >= HEAD.size:
            kind, level, _, frame, offset, length = HEAD.unpack_from(self._buffer)
            if kind not in set(RecordKind) or length > MAX_RECORD_BYTES:
                raise InvalidRequest("not a series stream")
            if len(self._buffer) < HEAD.size + length:
                return
            content = bytes(self._buffer[HEAD.size : HEAD.size + length])
            del self._buffer[: HEAD.size + length]
            yield Record(RecordKind(kind), level, frame, offset, content)


def read_index(record: Record) -> list[Images]:
    """What an index record tells; raises InvalidRequest when it is none or of another version."""
    try:
        told = json.loads(gzip.decompress(record.content))
        if told["version"] != VERSION:
            raise InvalidRequest("a series stream of another version")
        return [
            Images(
                tuple(one["sops"]), tuple(one["frames"]), one["syntax"], one["photometric"],
                one["rows"], one["columns"], one["levels"],
            )
            for one in told["images"]
        ]  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest("not the index of a series stream") from error

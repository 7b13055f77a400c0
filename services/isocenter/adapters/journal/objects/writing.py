"""The writing end of a stream on objects: one commit is one object, put until it is acknowledged."""

import threading
import time
from collections.abc import Sequence

from isocenter.adapters.journal.committing import Commits
from isocenter.adapters.journal.frames import END, Frame, encode, seed_of
from isocenter.adapters.journal.names import FOLDER, Segment, hour_folder
from isocenter.errors import Corrupted, IsocenterError, OutOfSpace, PermanentError
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Position, Stream, StreamEnded
from isocenter.ports.objects import ObjectStore

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0


class ObjectJournalWriter:
    """`ports.journal.JournalWriter`. Also raises OutOfSpace, and what a store refuses: then nothing was written.

    One commit is under way at a time, so there are no gaps. While it is not known whether the store has it, the same
    bytes are put again under the same key; a number is never used for other bytes. When that is not known after
    `patience_s`, or `close` is called meanwhile, the stream ends: StreamEnded, now and for ever. The commit may be
    there then, as the last one.
    """

    def __init__(
        self, objects: ObjectStore, stream: Stream, clock: Clock, patience_s: float
    ) -> None:
        self.stream = stream
        self._objects = objects
        self._clock = clock
        self._patience_s = patience_s
        self._seed = seed_of(stream)
        self._commits = Commits(stream, self._write, lambda: None)
        self._hour = ""
        self._closing = threading.Event()

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Commit all entries together. Raises LimitExceeded above 96 MiB."""
        return self._commits.append(entries)

    def close(self) -> None:
        """Wait for the commits under way; one whose outcome is unknown is not tried again."""
        self._closing.set()
        self._commits.close()

    def _write(self, frame: Frame) -> None:
        # Never an earlier hour than the commit before, whatever the wall clock does: readers look forward.
        self._hour = max(self._hour, hour_folder(self._clock.now_ms()))
        folder = f"{FOLDER}/{self._hour}"
        segment = Segment(folder, self.stream, frame.sequence, frame.sequence)
        end = encode(self._seed, Frame(frame.sequence, frame.high_version, 0, b""), END)
        self._put(segment.path, encode(self._seed, frame) + end)

    def _put(self, key: str, content: bytes) -> None:
        give_up_s = time.monotonic() + self._patience_s
        pause_s = FIRST_PAUSE_S
        is_doubtful = False
        while True:
            try:
                self._objects.put(key, content)
                return
            except (IsocenterError, OSError) as error:
                if _is_refusal(error) and not is_doubtful:
                    raise
                is_doubtful = True  # a refusal says nothing of the attempts before
            if time.monotonic() + pause_s > give_up_s or self._closing.wait(pause_s):
                raise StreamEnded(
                    "it is not known whether a commit was stored; its stream has ended"
                )
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _is_refusal(error: Exception) -> bool:
    """Nothing was written, and the same again would fail again; but bytes that were damaged on the way may arrive."""
    return isinstance(error, OutOfSpace | PermanentError) and not isinstance(error, Corrupted)

"""Journal on any object store; any number of processes write their own streams and read all of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from isocenter.adapters.journal.frames import Frame, records
from isocenter.adapters.journal.names import Segment, hour_folder, new_stream
from isocenter.adapters.journal.objects.contents import content_of
from isocenter.adapters.journal.objects.known import Known
from isocenter.adapters.journal.objects.lookout import Lookout
from isocenter.adapters.journal.objects.pace import Pace
from isocenter.adapters.journal.objects.redacting import redact
from isocenter.adapters.journal.objects.tidying import Tidying
from isocenter.adapters.journal.objects.versions import latest_version
from isocenter.adapters.journal.objects.writing import ObjectJournalWriter
from isocenter.adapters.journal.reading import Content, StreamReader, Waypoints
from isocenter.errors import NotFound
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, Record, Stream
from isocenter.ports.objects import ObjectStore


class ObjectJournal:
    """`ports.journal.Journal` below `journal/` in an object store. The clock's wall time names the hours."""

    def __init__(self, objects: ObjectStore, clock: Clock, pace: Pace | None = None) -> None:
        self._objects = objects
        self._clock = clock
        self._pace = pace or Pace()
        self._known = Known()
        self._lookout = Lookout(objects, self._known, clock, self._pace)
        self._waypoints = Waypoints()
        self._tidying = Tidying(objects, self._known, self._lookout, clock, self._pace)
        self._rewriting = threading.Lock()

    def writer(self, node: str) -> ObjectJournalWriter:
        """Start a stream; its first object comes with its first commit."""
        return ObjectJournalWriter(
            self._objects, new_stream(node), self._clock, self._pace.patience_s
        )

    def ends(self) -> dict[Stream, int]:
        """One list of what is new, as a rule; all of the journal the first time."""
        self._lookout.look()
        return self._known.ends()

    def read(self, stream: Stream, after: int = 0, through: int | None = None) -> Iterator[Record]:
        """Records in order. The end is looked up by this call, not later; raises NotFound."""
        frames = self.frames(stream, after, through)
        return (record for frame in frames for record in records(stream, frame))

    def frames(self, stream: Stream, after: int = 0, through: int | None = None) -> Iterator[Frame]:
        """The same as whole commits, kinds of a later release among them: for copying."""
        if through is None or through > self._known.end(stream):
            self._lookout.look()
        end = self._known.end(stream)
        if not end:
            raise NotFound("no such stream")
        reader = StreamReader(
            self._open,
            stream,
            self._waypoints,
            lambda sequence, again: self._find(stream, sequence, again),
        )
        last = end if through is None else min(through, end)
        return reader.frames(max(after, 0) + 1, last)

    def latest_version(self) -> int:
        """Greatest version of the streams of the last days, which is that of all."""
        return latest_version(self._objects, self._known, self._lookout, self._clock)

    def seal_abandoned(self, older_than_s: float) -> int:
        """Merge small objects that this process knows as long as that, and for as long as readers may need.

        In one process of a site, the one that also redacts.
        """
        with self._rewriting:
            return self._tidying.tidy(older_than_s)

    def redact(self, unwanted: Callable[[Entry], bool], since_ms: int) -> int:
        """Rewrite object by object, until a look at all of them finds nothing."""
        with self._rewriting:
            return redact(
                self._objects, self._known, self._lookout, unwanted, hour_folder(since_ms)
            )

    def _find(self, stream: Stream, sequence: int, again: bool) -> Segment | None:
        if again:
            self._lookout.look_anew(stream, sequence)
        return self._known.holding(stream, sequence)

    @contextmanager
    def _open(self, segment: Segment) -> Iterator[Content]:
        yield content_of(self._objects, segment)

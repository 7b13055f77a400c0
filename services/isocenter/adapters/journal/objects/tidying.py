"""Merges the small objects that commits are, stream by stream, so that lists stay short and a rebuild reads few."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from isocenter.adapters.journal.chains import holding
from isocenter.adapters.journal.names import DAY_LENGTH, HOUR_MS, Segment, hour_folder
from isocenter.adapters.journal.objects.contents import content_of
from isocenter.adapters.journal.objects.known import Known
from isocenter.adapters.journal.objects.lookout import Lookout
from isocenter.adapters.journal.objects.merging import join
from isocenter.adapters.journal.objects.pace import Pace
from isocenter.adapters.journal.walking import frames_of
from isocenter.errors import Corrupted, NotFound
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Stream
from isocenter.ports.objects import ObjectStore

SMALL_BYTES = 4 << 20
MERGED_BYTES = 16 << 20  # a few times as much is in memory for a moment
MANY = 16  # in an hour that goes on
OLD_MS = (
    48 * HOUR_MS
)  # a day that ended so long ago is merged as a whole; before that each hour is by itself


class Times(NamedTuple):
    """What counts as rested (monotonic seconds), as over (hours before `yyyy/mm/dd/hh`) and as old (days before)."""

    rested_s: float
    over: str
    old: str


class Tidying:
    """One pass after another; remembers the streams in which something may be left to do."""

    def __init__(
        self, objects: ObjectStore, known: Known, lookout: Lookout, clock: Clock, pace: Pace
    ) -> None:
        self._objects = objects
        self._known = known
        self._lookout = lookout
        self._clock = clock
        self._pace = pace
        self._streams: set[Stream] = set()
        self._damaged: set[Segment] = set()

    def tidy(self, older_than_s: float) -> int:
        """Merge what may be merged, remove what is covered; returns how many objects are gone.

        What is damaged is left: reading it tells. Raises what the store raises; the next pass goes on.
        """
        self._lookout.look()
        now_ms = self._clock.now_ms()
        times = Times(
            time.monotonic() - max(older_than_s, self._pace.rest_s),
            hour_folder(now_ms - round(self._pace.late_s * 1000)),
            hour_folder(now_ms - OLD_MS)[:DAY_LENGTH],
        )
        self._streams |= self._known.changed()
        count = 0
        for stream in sorted(self._streams):
            count += self._tidy(stream, times)
            if self._is_settled(stream, times):
                self._streams.discard(stream)
        return count

    def _tidy(self, stream: Stream, times: Times) -> int:
        since = self._known.of(stream)
        rested = {one for one, since_s in since.items() if since_s <= times.rested_s}
        chain = self._known.chain(stream)
        count = 0
        for segment in sorted(rested.difference(chain), key=lambda one: one.first):
            count += self._remove_covered(chain, segment)
        rested -= self._damaged
        for run in runs([one for one in chain if one in rested], times):
            count += self._merge(run)
        return count

    def _merge(self, run: Sequence[Segment]) -> int:
        try:
            merged = join(self._objects, run)
        except NotFound:  # somebody else merges
            self._lookout.look_anew(run[0].stream, run[0].first)
            return 0
        except Corrupted:
            self._damaged |= {one for one in run if not self._is_sound(one)}
            return 0
        self._known.swap([], merged, time.monotonic())
        for segment in run:
            self._remove(segment)
        return len(run)

    def _remove_covered(self, chain: Sequence[Segment], segment: Segment) -> int:
        """Remove what a merge left that was cut off, once what covers it is read to its end."""
        cover = holding(chain, segment.first)
        if cover is None or (cover.last or 0) < (segment.last or 0) or not self._is_sound(cover):
            return 0
        self._remove(segment)
        return 1

    def _remove(self, segment: Segment) -> None:
        self._objects.delete(segment.path)
        self._known.swap([segment], None, time.monotonic())

    def _is_sound(self, segment: Segment) -> bool:
        try:
            for _ in frames_of(content_of(self._objects, segment).pread, segment):
                pass
        except (Corrupted, NotFound):
            return False
        return True

    def _is_settled(self, stream: Stream, times: Times) -> bool:
        """Nothing is to come that this pass did not see."""
        segments = self._known.of(stream)
        return all(
            one.day < times.old and since_s <= times.rested_s for one, since_s in segments.items()
        )


def runs(chain: Sequence[Segment], times: Times) -> Iterator[list[Segment]]:
    """Runs of gapless small neighbours to be merged, each at most `MERGED_BYTES` together."""
    run: list[Segment] = []
    total = 0
    for segment in chain:
        joins = bool(run) and _joins(run[-1], segment, times)
        if not joins or total + segment.size_bytes > MERGED_BYTES:
            if _is_worth(run, times):
                yield run
            run, total = [], 0
        if segment.size_bytes <= SMALL_BYTES:
            run.append(segment)
            total += segment.size_bytes
    if _is_worth(run, times):
        yield run


def _joins(before: Segment, after: Segment, times: Times) -> bool:
    if before.last != after.first - 1 or after.size_bytes > SMALL_BYTES:
        return False
    return before.hour == after.hour or before.day == after.day < times.old


def _is_worth(run: Sequence[Segment], times: Times) -> bool:
    return len(run) >= MANY or (len(run) > 1 and run[-1].hour < times.over)

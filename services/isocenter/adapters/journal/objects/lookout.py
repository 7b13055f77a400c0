"""Looks for segments: all at first, then what is new, now and then the last days anew."""

import time
from collections.abc import Iterable, Sequence

from isocenter.adapters.grouping import Grouping
from isocenter.adapters.journal.names import FOLDER, HOUR_MS, hour_folder
from isocenter.adapters.journal.objects.known import Known
from isocenter.adapters.journal.objects.listing import listed, news
from isocenter.adapters.journal.objects.pace import Pace
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Stream
from isocenter.ports.objects import ObjectStore

DAY_MS = 24 * HOUR_MS
BACK_MS = (
    74 * HOUR_MS
)  # what is listed anew now and then: until a day is merged as a whole, and a little longer
COSTLY = 50  # times as long as that took has to pass before it is done again
ALL = ""  # before every hour


class Lookout:
    """Fills `known`. When `look` returns, all that was acknowledged before the call is known, in every stream."""

    def __init__(self, objects: ObjectStore, known: Known, clock: Clock, pace: Pace) -> None:
        self._objects = objects
        self._known = known
        self._clock = clock
        self._pace = pace
        self._group = Grouping[None, None](self._looks, max_weight=1 << 30)
        self._is_complete = False
        self._looked_s = 0.0
        self._looked_ms = 0
        self._back_s = 0.0
        self._hopeless: set[tuple[Stream, int]] = set()

    def look(self) -> None:
        """Find what is new; calls that come while one looks share the next look."""
        self._group.run(None)

    def look_since(self, hour: str) -> set[Stream]:
        """List that hour and all later ones anew; returns the streams of which something else is known now."""
        found = listed(self._objects, f"{FOLDER}/", f"{FOLDER}/{hour}")
        return self._known.replace_since(hour, list(found), time.monotonic())

    def look_anew(self, stream: Stream, sequence: int) -> None:
        """Look for a commit that is not where it was expected: around that place, on that day, then everywhere."""
        for prefix in self._near(stream, sequence):
            found = [one for one in listed(self._objects, prefix) if one.stream == stream]
            self._known.replace(stream, prefix, found, time.monotonic())
            if self._known.holding(stream, sequence) is not None:
                return
        if (stream, sequence) not in self._hopeless:
            self._hopeless.add((stream, sequence))
            self.look_since(ALL)

    def _near(self, stream: Stream, sequence: int) -> list[str]:
        """Prefixes to look at: what is merged stays within a day, and no hour is earlier than those before it."""
        chain = self._known.chain(stream)
        place = sum(one.first <= sequence for one in chain)
        around = chain[max(place - 1, 0) : place + 1]
        name = f"{stream.node}-{stream.epoch}-"
        days = {f"{FOLDER}/{one.day}/" for one in around}
        return [*sorted({f"{one.folder}/{name}" for one in around}), *sorted(days)]

    def _looks(self, calls: Sequence[None]) -> list[None]:
        now_s, now_ms = time.monotonic(), self._clock.now_ms()
        for stream in self._look(now_s, now_ms):
            for missing in self._known.gaps(stream):
                if (stream, missing) not in self._hopeless:
                    self.look_anew(stream, missing)
        self._looked_s, self._looked_ms = now_s, now_ms
        return list(calls)

    def _look(self, now_s: float, now_ms: int) -> Iterable[Stream]:
        """Look as far back as is needed; returns the streams in which something may be missing."""
        since_ms = min(now_ms, self._looked_ms) - round(self._pace.late_s * 1000)
        if not self._is_complete or now_ms - self._looked_ms > DAY_MS:
            changed = self.look_since(ALL)
            self._is_complete, self._back_s = True, now_s + self._pace.look_back_s
            return changed
        if now_s >= self._back_s:
            changed = self.look_since(hour_folder(min(since_ms, now_ms - BACK_MS)))
            ended_s = time.monotonic()
            self._back_s = ended_s + max(self._pace.look_back_s, COSTLY * (ended_s - now_s))
            return changed
        if now_s - self._looked_s > self._pace.rest_s / 3:
            return self.look_since(hour_folder(since_ms))
        found = list(news(self._objects, hour_folder(since_ms), self._known.newest))
        return {one.stream for one in found if not self._known.add(one, now_s)}

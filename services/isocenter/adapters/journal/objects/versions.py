"""The greatest version in the journal, from the ends of streams that were written lately."""

from isocenter.adapters.journal.frames import END, HEADER_BYTES, parse_heading, proven, seed_of
from isocenter.adapters.journal.names import HOUR_MS, Segment, hour_folder
from isocenter.adapters.journal.objects.contents import content_of
from isocenter.adapters.journal.objects.known import Known
from isocenter.adapters.journal.objects.lookout import Lookout
from isocenter.adapters.journal.walking import Walker
from isocenter.errors import NotFound
from isocenter.events.versions import version_ms
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore

MAX_SKEW_MS = 48 * HOUR_MS  # by which clocks of a site's machines ever differed
ATTEMPTS = 3  # to read a segment that is merged meanwhile


def latest_version(objects: ObjectStore, known: Known, lookout: Lookout, clock: Clock) -> int:
    """Greatest version, 0 when there is none.

    A version is of the wall time of its hour, or of a clock that was ahead of it: what is further back than clocks
    ever differ is not greater. So starting is cheap in a journal of years.
    """
    lookout.look_since(hour_folder(max(0, clock.now_ms() - MAX_SKEW_MS)))
    if not known.ends():
        lookout.look()
    chains = [chain for stream in known.ends() if (chain := known.chain(stream))]
    best = 0
    for chain in sorted(chains, key=lambda one: one[-1].hour, reverse=True):
        if best and chain[-1].hour < hour_folder(max(0, version_ms(best) - MAX_SKEW_MS)):
            break
        best = max(best, _greatest(objects, known, lookout, chain[-1]))
    return best


def _greatest(objects: ObjectStore, known: Known, lookout: Lookout, last: Segment) -> int:
    """Of a stream, from its last segment; it may be merged meanwhile."""
    for _ in range(ATTEMPTS):
        try:
            return _high_version(objects, last)
        except NotFound:
            lookout.look_anew(last.stream, last.last or 0)
            last = known.holding(last.stream, last.last or 0) or last
    return 0


def _high_version(objects: ObjectStore, segment: Segment) -> int:
    """From the end mark, else from every commit that can be read."""
    size = segment.size_bytes
    mark = objects.read(segment.path, max(0, size - HEADER_BYTES), size)
    heading = parse_heading(mark)
    if heading and heading.mark == END and proven(seed_of(segment.stream), heading, mark, b""):
        return heading.high_version
    walker = Walker(content_of(objects, segment).pread, segment.stream, 0, segment.first)
    while walker.step() is not None:
        pass
    return walker.high_version

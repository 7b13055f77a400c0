"""Times that writers, readers and the merging process of one journal have to agree on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    `patience_s`: how long one commit is tried; then its stream ends.
    `rest_s`: a segment is merged only when the merging process saw it that long ago. So whoever looked within a third
    of it has seen all that may be merged, and needs to look only for what follows.
    `late_s`: how much later than its hour a commit may be acknowledged, clocks that differ included. A look begins
    that long before its wall time.
    `look_back_s`: how often the last three days are listed anew, for what came later still and for what was merged.
    """

    patience_s: float = 30.0
    rest_s: float = 30.0
    late_s: float = 900.0
    look_back_s: float = 600.0

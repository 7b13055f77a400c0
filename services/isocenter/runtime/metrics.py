"""Counters, gauges and histograms, kept in the process; shown by `metrics_server`."""

import threading
from bisect import bisect_left

from isocenter.runtime.exposition import Family, Labels, Sample, number
from isocenter.runtime.metric_names import MEANINGS, Counter, Gauge, Histogram, Name

MAX_LABEL_SETS = 256  # for each name; what comes later is counted under "other"
BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip


class Metrics:
    """The metrics of one process; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Name, dict[Labels, float]] = {}
        self._buckets: dict[Name, dict[Labels, list[float]]] = {}
        for name, meaning in MEANINGS.items():  # a counter that starts late hides its first steps
            if meaning.kind == "counter" and not meaning.labels:
                self._values[name] = {(): 0.0}

    def count(self, name: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._values.setdefault(name, {})
            key = _bounded(series, labels)
            series[key] = series.get(key, 0.0) + amount

    def set(self, name: Gauge, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            series = self._values.setdefault(name, {})
            series[_bounded(series, labels)] = float(value)

    def observe(self, name: Histogram, seconds: float, **labels: str) -> None:
        """Put a duration into a histogram."""
        with self._lock:
            series = self._buckets.setdefault(name, {})
            row = series.setdefault(_bounded(series, labels), [0.0] * (len(BUCKETS_S) + 2))
            row[bisect_left(BUCKETS_S, seconds)] += 1
            row[-1] += seconds

    def value(self, name: Counter | Gauge, **labels: str) -> float:
        """What a counter or gauge stands at."""
        with self._lock:
            return self._values.get(name, {}).get(tuple(sorted(labels.items())), 0.0)

    def families(self) -> list[Family]:
        """All of it as it stands now, by name."""
        with self._lock:
            return [
                Family(name, meaning.kind, meaning.text, self._samples(name))
                for name, meaning in sorted(MEANINGS.items())
            ]

    def _samples(self, name: Name) -> list[Sample]:
        plain = [Sample(name, key, value) for key, value in self._values.get(name, {}).items()]
        for key, row in self._buckets.get(name, {}).items():
            plain += _histogram(name, key, row)
        return plain


def _bounded(
    series: dict[Labels, float] | dict[Labels, list[float]], labels: dict[str, str]
) -> Labels:
    """Key of a label set; beyond the bound all share one, so that no label can eat memory."""
    key = tuple(sorted(labels.items()))
    if key in series or len(series) < MAX_LABEL_SETS:
        return key
    return tuple((name, "other") for name, _ in key)


def _histogram(name: str, key: Labels, row: list[float]) -> list[Sample]:
    """Samples of one label set: how many were at most as long as each bound, their sum and their number."""
    samples: list[Sample] = []
    total = 0.0
    bounds = [*map(number, BUCKETS_S), "+Inf"]
    for bound, amount in zip(bounds, row[:-1], strict=True):
        total += amount
        samples.append(Sample(f"{name}_bucket", (*key, ("le", bound)), total))
    samples += [Sample(f"{name}_sum", key, row[-1]), Sample(f"{name}_count", key, total)]
    return samples


METRICS = Metrics()
"""Those of this process."""

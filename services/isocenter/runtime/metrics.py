"""Every metric by name; a name that is not here does not type-check. Kept in process, shown as Prometheus text."""

import threading
from bisect import bisect_left
from typing import Literal

Counter = Literal[
    "isocenter_http_requests_total",  # by action and status
    "isocenter_rpc_calls_total",  # by code
    "isocenter_events_handled_total",  # by service and outcome: done, later, dead_letter
    "isocenter_events_published_total",  # by fact
    "isocenter_events_unsaid_total",  # by fact: left to the sweep over the journal
    "isocenter_audit_entries_total",  # by outcome: written, lost
    "isocenter_received_bytes_total",  # by source
    "isocenter_sign_in_failures_total",
]
Gauge = Literal[
    "isocenter_associations",  # open now
    "isocenter_consumer_lag_events",  # by service
    "isocenter_journal_lag_commits",
    "isocenter_serving",  # 1 while serving
]
Histogram = Literal[
    "isocenter_handle_seconds",  # one batch, by service
]
Labels = tuple[tuple[str, str], ...]

MAX_LABEL_SETS = 64  # for each name; what comes later is counted under "other"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters, gauges and histograms of one process; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {}
        self._buckets: dict[str, dict[Labels, list[float]]] = {}
        self._kinds: dict[str, str] = {}

    def count(self, name: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._series(name, "counter")
            key = _bounded(series, labels)
            series[key] = series.get(key, 0) + amount

    def set(self, name: Gauge, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            series = self._series(name, "gauge")
            series[_bounded(series, labels)] = value

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

    def text(self) -> str:
        """All of it in the Prometheus text format."""
        with self._lock:
            lines: list[str] = []
            for name, series in sorted(self._values.items()):
                lines.append(f"# TYPE {name} {self._kinds[name]}")
                lines += [f"{name}{_braces(key)} {value:g}" for key, value in series.items()]
            for name, rows in sorted(self._buckets.items()):
                lines.append(f"# TYPE {name} histogram")
                for key, row in rows.items():
                    lines += _histogram_lines(name, key, row)
        return "\n".join(lines) + "\n"

    def _series(self, name: str, kind: str) -> dict[Labels, float]:
        self._kinds[name] = kind
        return self._values.setdefault(name, {})


def _bounded(
    series: dict[Labels, float] | dict[Labels, list[float]], labels: dict[str, str]
) -> Labels:
    """Key of a label set; beyond the bound all share one, so that no label can eat memory."""
    key = tuple(sorted(labels.items()))
    if key in series or len(series) < MAX_LABEL_SETS:
        return key
    return tuple((name, "other") for name, _ in key)


def _braces(key: Labels, **more: str) -> str:
    pairs = [*key, *more.items()]
    if not pairs:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _histogram_lines(name: str, key: Labels, row: list[float]) -> list[str]:
    lines: list[str] = []
    total = 0.0
    for bound, amount in zip((*BUCKETS_S, "+Inf"), row[:-1], strict=True):
        total += amount
        lines.append(f"{name}_bucket{_braces(key, le=str(bound))} {total:g}")
    return [
        *lines,
        f"{name}_sum{_braces(key)} {row[-1]:g}",
        f"{name}_count{_braces(key)} {total:g}",
    ]


METRICS = Metrics()
"""Those of this process."""

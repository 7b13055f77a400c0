import os
import shutil
import subprocess
from pathlib import Path

import pytest

from isocenter.runtime.exposition import Family, Sample, join, number, render
from isocenter.runtime.metric_names import MEANINGS
from isocenter.runtime.metrics import MAX_LABEL_SETS, Metrics
from isocenter.runtime.process_metrics import process_families


def shown(metrics: Metrics, **labels: str) -> list[str]:
    return render(metrics.families(), **labels).splitlines()


def test_counters_gauges_and_histograms_are_shown_as_prometheus_text() -> None:
    metrics = Metrics()
    metrics.count("isocenter_http_requests_total", action="query", status="200")
    metrics.count("isocenter_http_requests_total", 2, action="query", status="200")
    metrics.set("isocenter_associations", 4)
    metrics.observe("isocenter_handle_seconds", 0.003, service="indexer")
    lines = shown(metrics)
    assert "# TYPE isocenter_http_requests_total counter" in lines
    assert "# HELP isocenter_http_requests_total HTTP requests by action and status." in lines
    assert 'isocenter_http_requests_total{action="query",status="200"} 3' in lines
    assert "isocenter_associations 4" in lines
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="0.0025"} 0' in lines
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="0.005"} 1' in lines
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="+Inf"} 1' in lines
    assert 'isocenter_handle_seconds_count{service="indexer"} 1' in lines


def test_a_counter_without_labels_is_there_before_anything_is_counted() -> None:
    assert "isocenter_sign_in_failures_total 0" in shown(Metrics())


def test_large_counters_are_shown_to_the_last_digit() -> None:
    metrics = Metrics()
    metrics.count("isocenter_received_bytes_total", 123_456_789_012, source="dimse")
    assert 'isocenter_received_bytes_total{source="dimse"} 123456789012' in shown(metrics)
    assert number(0.1) == "0.1"


def test_labels_cannot_eat_memory() -> None:
    metrics = Metrics()
    for count in range(1_000):
        metrics.count("isocenter_events_published_total", fact=str(count))
    lines = [line for line in shown(metrics) if line.startswith("isocenter_events_published")]
    assert len(lines) == MAX_LABEL_SETS + 1
    assert f'isocenter_events_published_total{{fact="other"}} {1_000 - MAX_LABEL_SETS}' in lines


def test_label_values_are_escaped() -> None:
    metrics = Metrics()
    metrics.count("isocenter_events_published_total", fact='a"b\n')
    assert r'isocenter_events_published_total{node="a",fact="a\"b\n"} 1' in shown(metrics, node="a")


def test_samples_of_a_metric_stand_together_when_processes_are_joined() -> None:
    def one(node: str, value: float) -> str:
        families = [
            Family(name, "gauge", "A text.", [Sample(name, (), value)])
            for name in ("isocenter_a", "isocenter_b")
        ]
        return render(families, node=node)

    assert join([one("x", 1), one("y", 2), ""]).splitlines() == [
        "# HELP isocenter_a A text.",
        "# TYPE isocenter_a gauge",
        'isocenter_a{node="x"} 1',
        'isocenter_a{node="y"} 2',
        "# HELP isocenter_b A text.",
        "# TYPE isocenter_b gauge",
        'isocenter_b{node="x"} 1',
        'isocenter_b{node="y"} 2',
    ]


@pytest.mark.parametrize("name", MEANINGS)
def test_every_name_says_its_unit_and_kind(name: str) -> None:
    meaning = MEANINGS[name]  # type: ignore[index]  # it came from there
    assert name.endswith("_total") == (meaning.kind == "counter")
    assert name.endswith("_seconds") == (meaning.kind == "histogram")
    assert meaning.text.endswith(".")


@pytest.mark.skipif(
    shutil.which("promtool") is None and "CI" not in os.environ, reason="promtool is not installed"
)
def test_prometheus_own_checker_finds_nothing() -> None:
    metrics = Metrics()
    for name, meaning in MEANINGS.items():
        labels = dict.fromkeys(meaning.labels, "x")
        match meaning.kind:
            case "counter":
                metrics.count(name, **labels)  # type: ignore[arg-type]  # of its kind
            case "gauge":
                metrics.set(name, 1.5, **labels)  # type: ignore[arg-type]
            case "histogram":
                metrics.observe(name, 0.2, **labels)  # type: ignore[arg-type]
    families = [*metrics.families(), *process_families(Path("/"))]
    text = join([render(families, node=node) for node in ("a", "b")])
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

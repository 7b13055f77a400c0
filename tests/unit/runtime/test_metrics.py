from isocenter.runtime.metrics import MAX_LABEL_SETS, Metrics


def test_counters_gauges_and_histograms_are_shown_as_prometheus_text() -> None:
    metrics = Metrics()
    metrics.count("isocenter_http_requests_total", action="query", status="200")
    metrics.count("isocenter_http_requests_total", 2, action="query", status="200")
    metrics.set("isocenter_associations", 4)
    metrics.observe("isocenter_handle_seconds", 0.003, service="indexer")
    text = metrics.text()
    assert "# TYPE isocenter_http_requests_total counter" in text
    assert 'isocenter_http_requests_total{action="query",status="200"} 3' in text
    assert "isocenter_associations 4" in text
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="0.0025"} 0' in text
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="0.005"} 1' in text
    assert 'isocenter_handle_seconds_bucket{service="indexer",le="+Inf"} 1' in text
    assert 'isocenter_handle_seconds_count{service="indexer"} 1' in text


def test_labels_cannot_eat_memory() -> None:
    metrics = Metrics()
    for number in range(1_000):
        metrics.count("isocenter_events_published_total", fact=str(number))
    shown = [line for line in metrics.text().splitlines() if not line.startswith("#")]
    assert len(shown) == MAX_LABEL_SETS + 1
    assert f'isocenter_events_published_total{{fact="other"}} {1_000 - MAX_LABEL_SETS}' in shown


def test_label_values_are_escaped() -> None:
    metrics = Metrics()
    metrics.count("isocenter_events_published_total", fact='a"b\n')
    assert r'{fact="a\"b\n"} 1' in metrics.text()

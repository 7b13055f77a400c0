"""The chart's alerts and its ServiceMonitor as Prometheus reads them; only how long things take is shortened."""

import re
from collections.abc import Iterator
from typing import Any

from tests.support.charts.tools import CHART, Document, render

VALUES = CHART / "profiles" / "site.yaml"
FOR_IS_SHORTER_BY = 60  # what has to last a quarter of an hour lasts 15 s here
WINDOWS_ARE_SHORTER_BY = 30  # not as much: faults take their time, and so do processes to start
MINUTES = re.compile(r"(\d+)m")
WINDOW = re.compile(r"\[(\d+)m\]")


def rendered() -> tuple[list[Document], Document]:
    """Groups of rules, and the endpoint of the ServiceMonitor, as helm makes them."""
    rendering = render(CHART, VALUES)
    assert not rendering.error, rendering.error
    (rules,) = rendering.of_kind("PrometheusRule")
    (monitor,) = rendering.of_kind("ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    return rules["spec"]["groups"], endpoint


def alerts(groups: list[Document]) -> Iterator[Document]:
    """Every alert of the groups."""
    for group in groups:
        yield from (rule for rule in group["rules"] if "alert" in rule)


def shortened(groups: list[Document]) -> list[Document]:
    """The same rules: of an expression its windows alone are changed, of the rest `for` alone."""
    return [group | {"rules": [_shortened(rule) for rule in group["rules"]]} for group in groups]


def _shortened(rule: Document) -> Document:
    made = rule | {"expr": WINDOW.sub(_window, rule["expr"])}
    if "for" in rule:
        found = MINUTES.fullmatch(rule["for"])
        assert found, f"{rule['alert']}: its patience is not in minutes"
        made["for"] = _duration(found[1], FOR_IS_SHORTER_BY)
    return made


def _window(found: re.Match[str]) -> str:
    return f"[{_duration(found[1], WINDOWS_ARE_SHORTER_BY)}]"


def _duration(minutes: str, shorter_by: int) -> str:
    return f"{int(minutes) * 60_000 // shorter_by}ms"


def scrape(endpoint: Document, token: str, targets: list[Document]) -> dict[str, Any]:
    """What the Prometheus operator makes of the endpoint; `targets` have the labels that it would find."""
    return {
        "job_name": "isocenter",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "honor_labels": endpoint.get("honorLabels", False),
        "authorization": {"type": endpoint["authorization"]["type"], "credentials": token},
        "static_configs": targets,
        "relabel_configs": [_relabelling(one) for one in endpoint["relabelings"]],
    }


def _relabelling(one: Document) -> Document:
    """Names of the operator's fields as Prometheus' own."""
    return {re.sub(r"(?=[A-Z])", "_", name).lower(): value for name, value in one.items()}

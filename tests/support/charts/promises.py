"""What else a rendering promises: settings that exist, metrics that exist, hooks that are there."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.charts.pods import Pod, pods
from tests.support.charts.tools import Rendering, run

from isocenter.cli.running import SERVICES
from isocenter.runtime.metric_names import MEANINGS
from isocenter.runtime.process_metrics import process_families
from isocenter.runtime.settings import ServiceSettings

SETTINGS = {
    "ingest": "isocenter.ingest.settings:IngestSettings",
    "indexer": "isocenter.indexer.settings:IndexerSettings",
    "streaming": "isocenter.streaming.settings:StreamingSettings",
    "transcoder": "isocenter.transcoder.settings:TranscoderSettings",
    "http": "isocenter.embedded.http_worker:HttpSettings",
}
ABOUT_OTHERS = {"http": ("ingest", "streaming")}
"""Whose settings a process reads beside its own."""
READ_ELSEWHERE = {"SECRETS_FOLDER"}  # where the settings' own secrets are
UNTESTED = {"least"}  # it says so itself
METRIC = re.compile(r"\b((?:isocenter|process)_[a-z_]+)\b")
SCRAPED = {"up"}  # Prometheus' own
SUFFIXES = ("_bucket", "_sum", "_count")


def settings_class(command: str) -> type[ServiceSettings]:
    """What `isocenter serve COMMAND` reads."""
    module, _, name = SETTINGS[command].partition(":")
    found: type[ServiceSettings] = getattr(importlib.import_module(module), name)
    return found


def known_variables(command: str) -> set[str]:
    """Names of variables and files that a process reads, without `ISOCENTER_`."""
    names = {field.upper() for field in settings_class(command).model_fields}
    for service in (*ABOUT_OTHERS.get(command, ()), settings_class(command).service):
        own = settings_class(service).model_fields if service in SETTINGS else {}
        names |= {f"{service}_{field}".upper() for field in own}
    return names | READ_ELSEWHERE


def settings(rendering: Rendering) -> Iterator[str]:
    """Variables and files of secrets that no process reads."""
    for pod in pods(rendering.documents):
        for container in pod.containers:
            command = container.get("command", [])
            if command[:2] != ["isocenter", "serve"]:
                continue
            if command[2] not in SERVICES:
                yield f"{pod.name}: there is no service {command[2]}"
                continue
            known = known_variables(command[2])
            for name in sorted(_told(pod) - known):
                yield f"{pod.name}: nobody reads ISOCENTER_{name}"


def _told(pod: Pod) -> set[str]:
    names = {
        entry["name"].upper() for container in pod.containers for entry in container.get("env", [])
    }
    for volume in pod.spec["volumes"]:
        if volume["name"] == "secrets":
            sources = volume["projected"]["sources"]
            items = [item for source in sources for item in source["secret"]["items"]]
            names |= {item["path"].upper() for item in items}
    return {name.removeprefix("ISOCENTER_") for name in names if name.startswith("ISOCENTER_")}


def hooks(rendering: Rendering) -> Iterator[str]:
    """A test that is not rendered is a test that passes."""
    found = any(pod.component == "test" for pod in pods(rendering.documents))
    if not found and rendering.values not in UNTESTED:
        yield "there is no pod for `helm test`"


def metric_names() -> set[str]:
    """Every name that a scrape of a process can have."""
    names = {family.name for family in process_families(Path("/"))} | SCRAPED
    for name, meaning in MEANINGS.items():
        names |= (
            {f"{name}{suffix}" for suffix in SUFFIXES} if meaning.kind == "histogram" else {name}
        )
    return names


def unknown_metrics(text: str) -> list[str]:
    """Names in a query that no process shows."""
    return sorted(set(METRIC.findall(text)) - metric_names())


def dashboards(chart: Path) -> Iterator[str]:
    """Queries of dashboards that name what is not there, and dashboards that are none."""
    paths = sorted(chart.glob("dashboards/*.json"))
    if not paths:
        yield "there are no dashboards"
    for path in paths:
        board = json.loads(path.read_text())
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        if not board.get("uid") or not panels:
            yield f"{path.name}: no uid or no panel"
        for panel in panels:
            if not panel.get("targets"):
                yield f"{path.name}, {panel['title']}: asks nothing"
            for target in panel.get("targets", []):
                for name in unknown_metrics(target["expr"]):
                    yield f"{path.name}, {panel['title']}: no metric {name}"


def alerts(chart: Path) -> Iterator[str]:
    """Rules that name what is not there, do not say what to do, or were not seen both firing and quiet."""
    text = (chart / "alerts" / "isocenter.yaml").read_text()
    tests = (chart / "alerts" / "isocenter_test.yaml").read_text()
    yield from (f"no metric {name}" for name in unknown_metrics(text))
    rules = json.loads(run("yaml2json", given=text).stdout)[0]["groups"][0]["rules"]
    for rule in rules:
        if not {"summary", "action"} <= rule.get("annotations", {}).keys():
            yield f"{rule['alert']}: does not say what to do"
        for case in ("fires", "is quiet"):
            if f"- name: {rule['alert']} {case}\n" not in tests:
                yield f"{rule['alert']}: no test in which it {case}"

"""The graph that the policies are checked against is that of the code and of the architecture."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.charts.edges import CALLS, USES
from tests.support.charts.tools import CHART, missing, render, run

from isocenter.adapters.bus.streams import streams
from isocenter.cli.running import SERVICES
from isocenter.events.catalog import FACTS

pytestmark = pytest.mark.skipif(bool(missing()), reason="the chart's checkers are not installed")

OPENED = {
    "open_bus": "BUS",
    "open_objects": "OBJECTS",
    "open_journal": "OBJECTS",  # it lies in the same store
    "open_index_reader": "INDEX",
    "open_index_generations": "INDEX",
}
DIALLED = (("channels", "indexer"), ("blocking_channels", "streaming"))
ROOT = CHART.parents[1]


def services() -> dict[str, dict[str, Any]]:
    values = json.loads(run("yaml2json", given=(CHART / "values.yaml").read_text()).stdout)[0]
    found: dict[str, dict[str, Any]] = values["services"]
    return found


def source(command: str) -> str:
    found = importlib.util.find_spec(SERVICES[command])
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).read_text()


def called(text: str) -> Iterator[str]:
    """Names of the functions that a module calls."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Name):
            yield node.id


@pytest.mark.parametrize("name", services())
def test_a_service_may_reach_the_back_ends_that_its_process_opens_and_no_other(name: str) -> None:
    opened = {OPENED[one] for one in called(source(services()[name]["command"])) if one in OPENED}
    assert opened == USES[name]
    assert {used.upper() for used in services()[name]["uses"]} == USES[name]


@pytest.mark.parametrize("name", services())
def test_a_service_may_call_what_the_graph_says_and_only_who_may_call_dials(name: str) -> None:
    assert set(services()[name]["calls"]) == CALLS[name]
    dialled = set(called(source(services()[name]["command"])))
    dials = {callee for how, callee in DIALLED if how in dialled}
    assert dials <= CALLS[name]


def test_whoever_is_called_serves_gRPC_and_nobody_else_needs_to() -> None:
    callees = {callee for callees in CALLS.values() for callee in callees}
    assert {name for name, one in services().items() if "rpc" in one["serves"]} == callees


ROUTE = re.compile(r'Route\(\s*"(GET|POST|PUT|DELETE)",\s*([^,]+),')
WORDS = {
    "PREFIX": "/dicom-web",
    "_STUDY": "/api/studies/{study}",
    "_ONE": "/api/quarantine/{digest}",
    "_CORRECTED": "/api/corrections/studies/{study}",
}


def routes(service: str) -> Iterator[tuple[str, str]]:
    """Method and path of every route in a service's code, as far as its first variable part."""
    for path in sorted((ROOT / "services" / "isocenter" / service).glob("*routes.py")) + [
        ROOT / "services" / "isocenter" / service / f"{name}.py"
        for name in ("stow", "import_route")
    ]:
        if not path.exists():
            continue
        for method, expression in ROUTE.findall(path.read_text()):
            text = expression.strip().lstrip("f").strip('"')
            for word, meaning in WORDS.items():
                text = text.replace(f"{{{word}}}", meaning).replace(word, meaning)
            text = text.replace("{series}", "/api/studies/{study}/series/{series}")
            yield method, text


def answering(rules: list[dict[str, Any]], method: str, path: str) -> str:
    """Who a gateway sends a request to: the longest prefix first, then the rule with a method (GEP-718)."""
    found = [
        (len(match["path"]["value"]), "method" in match, rule["backendRefs"][0]["name"])
        for rule in rules
        for match in rule["matches"]
        if f"{path}/".startswith(f"{match['path']['value'].rstrip('/')}/")
        and match.get("method", method) == method
    ]
    return str(max(found)[2])


@pytest.mark.parametrize("service", ["ingest", "streaming"])
def test_a_gateway_sends_each_route_to_the_service_that_has_it(service: str) -> None:
    rendering = render(CHART, CHART / "profiles" / "site.yaml")
    rules = rendering.of_kind("HTTPRoute")[0]["spec"]["rules"]
    known = [(method, path) for method, path in routes(service) if path.startswith("/")]
    assert len(known) > 6
    for method, path in known:
        plain = re.sub(r"\{+\w+\}+", "1.2", path)
        assert answering(rules, method, plain) == f"r-isocenter-{service}-http", (method, path)


def test_what_is_scaled_by_lag_names_a_stream_of_the_broker() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    by_lag = schema["definitions"]["autoscaling"]["oneOf"][2]["properties"]
    names = {stream.name for stream in streams("north")}
    assert {f"isocenter-north-{entity}" for entity in by_lag["entity"]["enum"]} <= names
    assert {fact.name.partition(".")[0] for fact in FACTS} == set(by_lag["entity"]["enum"])

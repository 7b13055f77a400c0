"""What a port promises is in its contract suite, and every adapter has to pass it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTS = ROOT / "services" / "isocenter" / "ports"
CONTRACT = ROOT / "tests" / "contract"
ADAPTERS = ROOT / "services" / "isocenter" / "adapters" / "open.py"
PORTS_WITH_SUITES = ("bus", "index", "journal", "objects")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def promises(port: str) -> set[str]:
    """Names of all methods and properties of the port's protocols."""
    protocols = [
        node
        for node in parsed(PORTS / f"{port}.py").body
        if isinstance(node, ast.ClassDef) and "Protocol" in {ast.unparse(b) for b in node.bases}
    ]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {m.name for p in protocols for m in p.body if isinstance(m, functions)}


def used(path: Path) -> set[str]:
    return {node.attr for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute)}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("port", PORTS_WITH_SUITES)
def test_every_promise_of_a_port_is_asked_for_in_its_suite(port: str) -> None:
    suites = [used(path) for path in CONTRACT.glob(f"{port}*_suite.py")]
    assert len(promises(port)) > 4
    assert promises(port) - set().union(*suites) == set()


def test_every_adapter_that_can_be_opened_passes_a_suite() -> None:
    adapters = {
        alias.name
        for node in ast.walk(parsed(ADAPTERS))
        if isinstance(node, ast.ImportFrom) and (node.module or "").count(".") > 1
        for alias in node.names
        if (node.module or "").startswith("isocenter.adapters.")
    }
    tested: set[str] = set()
    for path in CONTRACT.glob("test_*.py"):
        tree = parsed(path)
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        if any(ast.unparse(base).endswith("Suite") for c in classes for base in c.bases):
            tested.update(imported(tree))
    assert len(adapters) > 4
    assert adapters - tested == set()

"""What is logged is on the list of allowed fields; else it would be dropped, and only the log's reader would notice."""

import ast
from collections.abc import Iterator
from pathlib import Path

from isocenter.runtime.log import ALLOWED_FIELDS

PACKAGE = Path(__file__).parents[2] / "services" / "isocenter"
LEVELS = {"debug", "info", "warning", "error", "exception"}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in LEVELS:
                assert isinstance(node, ast.Call)
                if ast.unparse(called.value) == "log":
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def test_every_field_that_is_logged_is_allowed() -> None:
    calls = list(log_calls())
    assert len(calls) > 30
    fields = {(place, word.arg) for place, call in calls for word in call.keywords}
    assert {f for f in fields if f[1] not in ALLOWED_FIELDS | {"exc_info"}} == set()


def test_every_event_is_a_constant() -> None:
    assert [
        place for place, call in log_calls() if not isinstance(call.args[0], ast.Constant)
    ] == []

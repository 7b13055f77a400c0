"""What is counted is in the table of metrics, with the labels it has there."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from isocenter.runtime.metric_names import MEANINGS, Counter, Gauge, Histogram

PACKAGE = Path(__file__).parents[2] / "services" / "isocenter"
KINDS = {"count": "counter", "set": "gauge", "observe": "histogram"}
PATIENTS = ("uid", "patient", "name", "study", "address", "peer", "title")


def calls() -> Iterator[tuple[str, str, str, set[str]]]:
    """Place, kind, name and labels of everything that is counted."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "METRICS":
                assert isinstance(node, ast.Call)
                if called.attr in KINDS:
                    place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                    name = ast.literal_eval(node.args[0])
                    labels = {word.arg or "**" for word in node.keywords}
                    yield place, KINDS[called.attr], name, labels


def test_everything_counted_has_the_kind_and_the_labels_of_the_table() -> None:
    found = list(calls())
    assert len(found) > 15
    for place, kind, name, labels in found:
        meaning = {str(known): meaning for known, meaning in MEANINGS.items()}[name]
        assert (meaning.kind, set(meaning.labels)) == (kind, labels), place


def test_every_metric_of_the_table_is_counted_somewhere() -> None:
    assert {name for _, _, name, _ in calls()} == set(MEANINGS)


def test_table_and_types_have_the_same_names() -> None:
    for kind, names in (("counter", Counter), ("gauge", Gauge), ("histogram", Histogram)):
        of_kind = {name for name, meaning in MEANINGS.items() if meaning.kind == kind}
        assert of_kind == set(get_args(names))


def test_no_label_can_hold_what_tells_a_patient() -> None:
    labels = {label for meaning in MEANINGS.values() for label in meaning.labels}
    assert [label for label in labels if any(word in label for word in PATIENTS)] == []

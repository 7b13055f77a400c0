"""What spans say is on the list; else it would be dropped, and only the trace's reader would notice."""

import ast
from collections.abc import Iterator
from pathlib import Path

from isocenter.runtime.tracing import ATTRIBUTES

PACKAGE = Path(__file__).parents[2] / "services" / "isocenter"
OWN = {"parent", "links"}
PATIENTS = ("uid", "patient", "name", "study", "address", "peer", "title")


def said() -> Iterator[tuple[str, str]]:
    """Place and attribute."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            place, called = f"{path.relative_to(PACKAGE)}:{node.lineno}", ast.unparse(node.func)
            if called == "span":
                yield from (
                    (place, word.arg or "**") for word in node.keywords if word.arg not in OWN
                )
            elif called == "traced.set":
                yield place, ast.literal_eval(node.args[0])


def test_every_attribute_that_is_set_is_on_the_list_and_the_list_is_used() -> None:
    found = list(said())
    assert {one for one in found if one[1] not in ATTRIBUTES} == set()
    assert {attribute for _, attribute in found} == ATTRIBUTES


def test_no_attribute_can_hold_what_tells_a_patient() -> None:
    assert [name for name in ATTRIBUTES if any(word in name for word in PATIENTS)] == []

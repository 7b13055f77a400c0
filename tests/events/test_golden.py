"""Golden examples: one folder per fact and version, never edited, only added to."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from isocenter.events.catalog import FACTS
from isocenter.events.headers import decode, encode

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = sorted(GOLDEN.glob("*/*.json"))


def read(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(path.read_text())
    return example


def test_every_fact_has_an_example_and_every_example_a_fact() -> None:
    assert {path.parent.name for path in EXAMPLES} == {f"{fact.name}.v1" for fact in FACTS}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_decodes_to_its_message_and_encodes_to_its_bytes(path: Path) -> None:
    example = read(path)
    event = decode(example["headers"], bytes.fromhex(example["data_hex"]))
    assert f"{event.fact.name}.v1" == path.parent.name
    assert event.subject == example["subject"]
    assert MessageToDict(event.message, preserving_proto_field_name=True) == example["message"]
    assert encode(event) == (example["headers"], bytes.fromhex(example["data_hex"]))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_of_a_newer_writer_still_decodes(path: Path) -> None:
    example = read(path)
    unknown_field = b"\xfa\x7f\x03new"  # field 2047, three bytes
    headers = {**example["headers"], "ce-laterextension": "x"}
    event = decode(headers, bytes.fromhex(example["data_hex"]) + unknown_field)
    assert event.id == example["headers"]["ce-id"]
    assert event.extensions == {"laterextension": "x"}

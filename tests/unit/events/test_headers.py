from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import instance_stored, study_arrived

from isocenter.errors import InvalidRequest
from isocenter.events.headers import decode, encode
from isocenter.events.table import markdown_table

TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


@given(key=TEXT, cause=TEXT, time_ms=st.integers(0, 4_000_000_000_000))
def test_any_event_comes_back_as_it_was(key: str, cause: str, time_ms: int) -> None:
    event = replace(
        study_arrived(),
        subject_key=key,
        causation_id=cause,
        time_ms=time_ms,
        extensions={"a1": cause},
    )
    headers, data = encode(event)
    assert all(
        value.isascii() and value.isprintable() and " " not in value for value in headers.values()
    )
    assert decode(headers, data) == event


@given(st.dictionaries(TEXT, TEXT, max_size=8), st.binary(max_size=64))
def test_anything_else_is_refused_with_a_typed_error(headers: dict[str, str], data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode(headers, data)


@given(st.sampled_from(sorted(encode(study_arrived())[0])), TEXT)
def test_a_changed_attribute_is_noticed_or_harmless(name: str, value: str) -> None:
    headers, data = encode(study_arrived())
    try:
        event = decode({**headers, name: value}, data)
    except InvalidRequest:
        return
    assert event.id == study_arrived().id


def test_header_names_are_read_without_case() -> None:
    headers, data = encode(instance_stored())
    assert (
        decode({name.upper(): value for name, value in headers.items()}, data) == instance_stored()
    )


def test_data_beyond_the_limit_is_refused() -> None:
    headers, _ = encode(study_arrived())
    with pytest.raises(InvalidRequest):
        decode(headers, bytes((1 << 20) + 1))


def test_saying_a_fact_again_has_the_same_id_and_another_has_not() -> None:
    assert study_arrived().id == replace(study_arrived(), time_ms=1).id
    assert study_arrived().id != study_arrived(version=8).id
    assert study_arrived().id != replace(study_arrived(), site="other").id


def test_the_table_has_a_row_per_fact() -> None:
    lines = markdown_table().splitlines()
    assert lines[0] == "| fact | says | hear | kept | meaning |"
    stored = "| `instance.stored` | ingest | indexer, transcoder | 7 days |"
    assert any(line.startswith(stored) for line in lines)
    assert any(line.startswith("| `study.arrived` | indexer | nobody yet |") for line in lines)

"""Spans as a real receiver gets them, and what becomes of them when there is none."""

import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.otlp_receiver import Receiver, Seen, receiving
from tests.support.ports import free_port

from isocenter.runtime import log, tracing
from isocenter.runtime.otlp import OtlpBackend
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.tracing import span, span_within, traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
    tracing.stop(0.1)


def use(receiver: Receiver, tmp_path: Path, **given: object) -> None:
    settings = ServiceSettings(
        data_folder=tmp_path,
        node="indexer",
        otlp_url=receiver.url,
        **given,  # type: ignore[arg-type]  # checked by pydantic
    )
    tracing.use(OtlpBackend(settings))


def sent(receiver: Receiver) -> dict[str, Seen]:
    tracing.stop(5.0)
    return {one.name: one for one in receiver.spans()}


def test_spans_have_their_parents_and_links(receiver: Receiver, tmp_path: Path) -> None:
    use(receiver, tmp_path)
    with span("handle", "consumer", parent=PARENT, links=[PARENT], service="indexer"):
        inside = traceparent()
        with span_within("index") as within:
            within.set("count", 3)
    with span_within("receipt"):
        assert traceparent() == ""
    found = sent(receiver)
    assert found.keys() == {"handle", "index"}
    assert found["handle"].parent_id == PARENT.split("-")[2]
    assert found["handle"].links == (PARENT.split("-")[2],)
    assert found["handle"].span_id == inside.split("-")[2]
    assert found["index"].parent_id == found["handle"].span_id
    assert {one.trace_id for one in found.values()} == {PARENT.split("-")[1]}


def test_an_error_is_named_by_its_class_alone(receiver: Receiver, tmp_path: Path) -> None:
    use(receiver, tmp_path)
    with pytest.raises(ValueError, match="Doe"), span("request"):
        raise ValueError("Doe^Jane")
    assert sent(receiver)["request"].attributes == {"error.type": "ValueError"}
    assert b"Doe" not in b"".join(receiver.bodies)


def test_what_is_not_on_the_list_is_not_sent(receiver: Receiver, tmp_path: Path) -> None:
    use(receiver, tmp_path)
    with span("request", patient_name="Doe^Jane", action="query"):
        pass
    assert sent(receiver)["request"].attributes == {"isocenter.action": "query"}


@pytest.mark.parametrize("parent", ["", "rubbish", "00-0-0-01", "x" * 10_000])
def test_a_malformed_parent_is_none(receiver: Receiver, tmp_path: Path, parent: str) -> None:
    use(receiver, tmp_path)
    with span("request", parent=parent):
        pass
    assert sent(receiver)["request"].parent_id == ""


def test_of_a_share_of_nothing_only_what_was_asked_for_elsewhere_is_sent(
    receiver: Receiver, tmp_path: Path
) -> None:
    use(receiver, tmp_path, otlp_share=0.0)
    with span("association"):
        pass
    with span("handle", parent=PARENT):
        pass
    assert sent(receiver).keys() == {"handle"}


def test_lines_of_the_log_say_of_which_trace_they_are(receiver: Receiver, tmp_path: Path) -> None:
    stream = io.StringIO()
    log.configure("test", stream=stream)
    use(receiver, tmp_path)
    with span("handle", parent=PARENT):
        log.logger("test").info("inside")
    log.logger("test").info("outside")
    inside, outside = map(json.loads, stream.getvalue().splitlines())
    assert inside["trace_id"] == PARENT.split("-")[1]
    assert "trace_id" not in outside


@pytest.mark.parametrize("hangs", [False, True])
def test_a_collector_that_does_not_take_spans_costs_the_spans_and_nothing_else(
    tmp_path: Path, hangs: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if hangs else free_port()
        settings = ServiceSettings(data_folder=tmp_path, otlp_url=f"http://127.0.0.1:{port}")
        tracing.use(OtlpBackend(settings))
        for _ in range(10_000):
            with span("request"):
                pass
        started_s = time.monotonic()
        tracing.stop(0.2)
        assert time.monotonic() - started_s < 3


def test_without_a_collector_nothing_is_made_and_nothing_loaded() -> None:
    with span("request") as made:
        made.set("status", 200)
        assert traceparent() == ""
    code = (
        "import sys, isocenter.embedded.http_worker, isocenter.indexer.main;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""One trace from the modality to the index, and a reader's own: each parent and child, and nothing of a patient."""

import re
from collections.abc import Iterator

import httpx
import pytest
from tests.support.commanded import Commanded, platform
from tests.support.otlp_receiver import Receiver, Seen, receiving
from tests.support.part10 import data_set, part10
from tests.support.poll import poll
from tests.support.scu import Association
from tests.support.senders import fresh_uid, give

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
NAME = "Canary^Planted"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def traced(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    settings = {"ISOCENTER_OTLP_URL": receiver.url, "ISOCENTER_OTLP_TOKEN": "a secret"}
    with platform(tmp_path_factory.mktemp("traced"), settings=settings) as running:
        yield running


WITHIN_S = (
    60.0  # processes send once a second, each on its own, on a machine that does other things too
)
CLIENT = 3  # SPAN_KIND_CLIENT
PATH = (
    ("ingest", "association", "receipt"),
    ("ingest", "receipt", "journal commit"),
    ("ingest", "receipt", "publish"),
    ("indexer", "publish", "handle"),
    ("indexer", "handle", "index"),
)


def edges(spans: list[Seen], trace_id: str) -> set[tuple[str, str, str]]:
    """The service of each span of a trace, its parent's name and its own."""
    here = {span.span_id: span for span in spans if span.trace_id == trace_id}
    return {
        (span.service, here[span.parent_id].name, span.name)
        for span in here.values()
        if span.parent_id in here
    }


def send(traced: Commanded) -> str:
    """One instance on an association of its own; returns its SOP Instance UID."""
    study, sop = fresh_uid(), fresh_uid()
    with Association(traced.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        assert association.store(sop, data_set(sop, study, fresh_uid(), name=NAME)) == 0
    return sop


def test_an_instance_is_followed_from_its_association_into_the_index(
    traced: Commanded, receiver: Receiver
) -> None:
    send(traced)
    traced.until_settled(
        WITHIN_S
    )  # what a starting broker did not take was left to the sweep, which has no trace
    send(traced)

    def roots() -> list[Seen]:
        return [span for span in receiver.spans() if span.name == "association"]

    def followed() -> list[str]:
        spans = receiver.spans()
        return [root.trace_id for root in roots() if set(PATH) <= edges(spans, root.trace_id)]

    poll(lambda: len(roots()) == 2 and bool(followed()), within_s=WITHIN_S)
    assert {(root.service, root.parent_id) for root in roots()} == {("ingest", "")}
    spans = [span for span in receiver.spans() if span.trace_id == followed()[-1]]
    outcomes = [one.attributes["isocenter.outcome"] for one in spans if one.name == "receipt"]
    assert outcomes == ["stored"]
    facts = {
        one.attributes["isocenter.fact"]
        for one in spans
        if (one.service, one.name) == ("ingest", "publish")
    }
    assert facts == {"instance.stored"}


def test_a_reader_that_traces_finds_its_own_spans_across_processes(
    traced: Commanded, receiver: Receiver
) -> None:
    sop, proof = fresh_uid(), {"traceparent": PARENT}
    for study in (fresh_uid(), fresh_uid()):  # the second is held
        give(traced.url, part10(sop, study, fresh_uid(), name=NAME))
    traced.until_settled()
    assert traced.get("/dicom-web/studies", headers=proof).is_success
    poll(lambda: bool(traced.get("/api/held").json()), within_s=WITHIN_S)
    hold = traced.get("/api/held").json()[0]["hold_id"]
    told = {"reason": "a test"}
    answer = httpx.post(f"{traced.url}/api/held/{hold}/release", json=told, headers=proof)
    assert answer.is_success, answer.text

    def asked() -> dict[str, Seen]:
        return {
            span.attributes["isocenter.action"]: span
            for span in receiver.spans()
            if (span.name, span.parent_id) == ("request", PARENT.split("-")[2])
        }

    def called() -> list[tuple[Seen, Seen]]:
        """Each call as both sides saw it."""
        calls = [one for one in receiver.spans() if (one.name, one.trace_id) == ("call", TRACE)]
        return [
            (asking, answering)
            for asking in calls
            for answering in calls
            if (asking.span_id, answering.service) == (answering.parent_id, "indexer")
        ]

    poll(lambda: asked().keys() == {"query", "handle_held"} and bool(called()), within_s=WITHIN_S)
    [(asking, answering)] = called()
    request = asked()["handle_held"]
    assert (asking.parent_id, asking.service) == (request.span_id, request.service)
    assert (asking.kind, asking.trace_id) == (CLIENT, TRACE)
    for one in (asking, answering):
        assert one.attributes["isocenter.method"].endswith("/HandleHeld")


def test_nothing_of_a_patient_is_sent_and_the_token_is(
    traced: Commanded, receiver: Receiver
) -> None:
    poll(lambda: len(receiver.bodies) > 2, within_s=WITHIN_S)
    sent = b"".join(receiver.bodies)
    assert not re.search(rb"\d+(\.\d+){4,}", sent), "a UID"
    for planted in (b"Canary", b"Planted", b"4711"):
        assert planted not in sent
    assert set(receiver.proofs) == {"Bearer a secret"}

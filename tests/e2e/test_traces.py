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


class Tree:
    """The spans of one trace, found by walking down."""

    def __init__(self, spans: list[Seen]) -> None:
        self._spans = spans

    def below(self, parent: Seen, name: str, service: str = "") -> Seen:
        found = [
            span
            for span in self._spans
            if (span.parent_id, span.name) == (parent.span_id, name)
            and service in ("", span.service)
            and span.trace_id == parent.trace_id
        ]
        assert found, f"no {name} below {parent}"
        return found[0]


def test_an_instance_is_followed_from_its_association_into_the_index(
    traced: Commanded, receiver: Receiver
) -> None:
    study, sop = fresh_uid(), fresh_uid()
    with Association(traced.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        assert association.store(sop, data_set(sop, study, fresh_uid(), name=NAME)) == 0

    def arrived() -> bool:
        names = {(span.service, span.name) for span in receiver.spans()}
        return {("ingest", "association"), ("indexer", "index")} <= names

    poll(arrived, within_s=20)
    spans = receiver.spans()
    tree = Tree(spans)
    [association_span] = [span for span in spans if span.name == "association"]
    assert (association_span.service, association_span.parent_id) == ("ingest", "")
    receipt = tree.below(association_span, "receipt", "ingest")
    assert receipt.attributes["isocenter.outcome"] == "stored"
    tree.below(receipt, "journal commit", "ingest")
    publish = tree.below(receipt, "publish", "ingest")
    assert publish.attributes["isocenter.fact"] == "instance.stored"
    handle = tree.below(publish, "handle", "indexer")
    tree.below(handle, "index", "indexer")


def test_a_reader_that_traces_finds_its_own_spans_across_processes(
    traced: Commanded, receiver: Receiver
) -> None:
    sop, proof = fresh_uid(), {"traceparent": PARENT}
    for study in (fresh_uid(), fresh_uid()):  # the second is held
        give(traced.url, part10(sop, study, fresh_uid(), name=NAME))
    traced.until_settled()
    assert traced.get("/dicom-web/studies", headers=proof).is_success
    poll(lambda: bool(traced.get("/api/held").json()), within_s=20)
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

    def called() -> bool:
        return any((span.name, span.trace_id) == ("call", TRACE) for span in receiver.spans())

    poll(lambda: asked().keys() == {"query", "handle_held"} and called(), within_s=20)
    call = Tree(receiver.spans()).below(asked()["handle_held"], "call", "indexer")
    assert call.attributes["isocenter.method"].endswith("/HandleHeld")


def test_nothing_of_a_patient_is_sent_and_the_token_is(
    traced: Commanded, receiver: Receiver
) -> None:
    poll(lambda: len(receiver.bodies) > 2, within_s=20)
    sent = b"".join(receiver.bodies)
    assert not re.search(rb"\d+(\.\d+){4,}", sent), "a UID"
    for planted in (b"Canary", b"Planted", b"4711"):
        assert planted not in sent
    assert set(receiver.proofs) == {"Bearer a secret"}

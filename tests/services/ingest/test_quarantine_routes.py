"""What is in quarantine can be looked at, accepted after all, or dropped; every decision is in the journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.ingesting import Site, announcing, site
from tests.support.part10 import SECONDARY_CAPTURE, data_set, part10
from tests.support.wait import until

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.events.entries import EntryKind
from isocenter.runtime.caller import NOBODY

NO_STUDY = part10("1.2.3.4.2", study="")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


async def ask(here: Site, method: str, path: str, **arguments: Any) -> httpx.Response:
    async with here.client() as client:
        return await client.request(method, path, **arguments)


async def quarantined(here: Site, content: bytes = NO_STUDY) -> str:
    answer = (await ask(here, "POST", "/api/import", content=content)).json()
    assert answer["status"] == "quarantined"
    await until(lambda: bool(here.ports.index.quarantines()))
    return str(answer["digest"])


def mismatched(here: Site) -> None:
    """A sender whose command names another instance than its data set."""
    incoming = here.ingest.receiver.begin(
        entries.Sender(protocol="dimse", address="10.0.0.9", calling_ae_title="CT1"),
        EXPLICIT_VR_LITTLE_ENDIAN,
        SECONDARY_CAPTURE,
        "1.2.3.4.99",
    )
    incoming.write(memoryview(data_set("1.2.3.4.1")))
    assert incoming.finish().status == "quarantined"


def handled(here: Site) -> list[tuple[str, str]]:
    return [
        (entry.action, entry.caller)
        for entry in here.entries(EntryKind.QUARANTINE_HANDLED)
        if isinstance(entry, entries.QuarantineHandled)
    ]


async def test_the_list_says_who_what_and_why(here: Site) -> None:
    digest = await quarantined(here)
    (line,) = (await ask(here, "GET", "/api/quarantine")).json()
    assert line["digest"] == digest
    assert line["reason"] == "no_study_instance_uid"
    assert line["message"]
    assert line["sender"].startswith("import:local@")
    assert (await ask(here, "GET", "/api/quarantine", params={"limit": "0"})).status_code == 400


async def test_one_thing_is_shown_with_what_can_be_read_of_its_header(here: Site) -> None:
    digest = await quarantined(here)
    shown = (await ask(here, "GET", f"/api/quarantine/{digest}")).json()
    values = {line["keyword"]: line["value"] for line in shown["header"]["elements"]}
    assert values["PatientName"] == "Doe^Jane"
    assert values["SOPInstanceUID"] == "1.2.3.4.2"


async def test_what_is_still_not_acceptable_stays_with_its_reason(here: Site) -> None:
    digest = await quarantined(here)
    answer = await ask(here, "POST", f"/api/quarantine/{digest}/release")
    assert answer.status_code == 409
    assert answer.json()["code"] == "no_study_instance_uid"
    assert handled(here) == []
    assert len(here.objects("quarantine/")) == 2
    assert len(here.entries(EntryKind.QUARANTINE)) == 1


async def test_a_contradiction_is_released_only_with_force(here: Site) -> None:
    mismatched(here)
    await until(lambda: bool(here.ports.index.quarantines()))
    (row,) = here.ports.index.quarantines()
    path = f"/api/quarantine/{row.digest}/release"
    assert (await ask(here, "POST", path)).status_code == 409
    answer = await ask(here, "POST", path, json={"force": True})
    assert answer.status_code == 200, answer.text
    assert answer.json()["sop_instance_uid"] == "1.2.3.4.1"
    assert handled(here) == [("released", "local")]
    assert here.objects("quarantine/") == []
    await until(lambda: len(here.ports.index.instances("1.2.3")) == 1)
    await until(lambda: not here.ports.index.quarantines())


async def test_what_is_dropped_is_gone_and_said(here: Site) -> None:
    digest = await quarantined(here)
    async with announcing(here):
        assert (await ask(here, "POST", f"/api/quarantine/{digest}/drop")).status_code == 200
        await until(lambda: "dropped" in _reasons(here))
    assert here.objects("quarantine/") == []
    assert handled(here) == [("dropped", "local")]
    await until(lambda: not here.ports.index.quarantines())
    assert (await ask(here, "POST", f"/api/quarantine/{digest}/drop")).status_code == 404


def _reasons(here: Site) -> list[str]:
    said = [event.message for event in here.bus.events]
    return [message.reason for message in said if isinstance(message, events.InstanceQuarantined)]


@pytest.mark.parametrize("digest", ["0" * 64, "nonsense"])
async def test_an_unknown_digest_is_not_found(here: Site, digest: str) -> None:
    assert (await ask(here, "GET", f"/api/quarantine/{digest}")).status_code == 404


async def test_nobody_may_look_or_decide(here: Site) -> None:
    digest = await quarantined(here)
    here.caller = NOBODY
    for method, path in (
        ("GET", "/api/quarantine"),
        ("GET", f"/api/quarantine/{digest}"),
        ("POST", f"/api/quarantine/{digest}/release"),
        ("POST", f"/api/quarantine/{digest}/drop"),
    ):
        assert (await ask(here, method, path)).status_code == 401
    assert len(here.objects("quarantine/")) == 2

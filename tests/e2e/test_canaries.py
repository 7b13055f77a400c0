"""What is planted in patients' data and UIDs is nowhere but where it belongs: a scan over one whole run.

Every way in and out is used, well and badly, at the most talkative log level; then all that leaves the platform for
its operators is searched: logs, metrics, traces, and the subjects and headers of events (their messages for patients'
data).
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import nats
import pytest
from tests.support.commanded import Commanded, platform
from tests.support.otlp_receiver import Receiver, receiving
from tests.support.part10 import data_set, multipart, part10
from tests.support.poll import poll
from tests.support.scu import Association

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
NAME = "Kanarienvogel^Planted"
PATIENT = (b"Kanarienvogel", b"4711")  # the builder's patient id
ROOT = "2.25.777001777002777003"
UIDS = (ROOT.encode(),)
SPANS = {"association", "receipt", "request", "index"}
STOW = {"content-type": "multipart/related; type=application/dicom; boundary=b0undary"}


def uid(number: int) -> str:
    return f"{ROOT}.{number}"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def used(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform that was used in every way it has."""
    settings = {"ISOCENTER_OTLP_URL": receiver.url, "ISOCENTER_LOG_LEVEL": "debug"}
    folder = tmp_path_factory.mktemp("canaries")
    with platform(folder, settings=settings, settle_s=0.5) as running:
        send(running, folder)
        running.until_settled()
        ask(running)
        decide(running)
        poll(lambda: {span.name for span in receiver.spans()} >= SPANS, within_s=20)
        yield running


def send(running: Commanded, folder: Path) -> None:
    with Association(running.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        association.store(uid(3), data_set(uid(3), uid(1), uid(2), name=NAME))
        association.store(uid(4), data_set(uid(4), uid(1), uid(2), name=NAME)[:-40])  # cut off
    good, again = part10(uid(5), uid(1), uid(2), name=NAME), part10(uid(5), uid(6), uid(2))
    bad = part10(uid(7), "no uid at all", uid(2), name=NAME)
    for content in (multipart([good, bad]), multipart([again]), b"--b0undary\r\n" + good[:200]):
        httpx.post(f"{running.url}/dicom-web/studies", content=content, headers=STOW)
    (folder / "given.dcm").write_bytes(part10(uid(8), uid(1), uid(2), name=NAME))
    (folder / "junk.dcm").write_bytes(NAME.encode() * 100)
    running.cli("import", folder / "given.dcm", folder / "junk.dcm", code=None)


def ask(running: Commanded) -> None:
    study = f"/dicom-web/studies/{uid(1)}"
    instance = f"{study}/series/{uid(2)}/instances/{uid(5)}"
    for path in (
        f"/dicom-web/studies?PatientName={NAME}&PatientID=4711",
        f"/dicom-web/studies?PatientID=4711&limit=nonsense{NAME}",
        f"/dicom-web/instances?StudyInstanceUID={uid(1)}",
        study,
        f"{study}/metadata",
        f"{instance}/frames/1",
        f"{instance}/frames/99",
        f"{instance}/rendered?window={NAME}",
        f"/dicom-web/studies/{uid(99)}",
        f"/dicom-web/{NAME}/{uid(1)}",
        f"/api/status/{uid(1)}",
    ):
        running.get(path)


def decide(running: Commanded) -> None:
    for hold in running.get("/api/held").json():
        told = {"reason": f"same as {NAME}"}
        httpx.post(f"{running.url}/api/held/{hold['hold_id']}/drop", json=told)
    for one in running.get("/api/quarantine").json():
        running.cli("quarantine", "show", one["digest"], code=None)
        running.cli("quarantine", "release", one["digest"], code=None)
    running.cli("delete", uid(1), "--yes", "--reason", NAME, code=None)
    running.cli("verify", code=None)
    running.cli("doctor", code=None)


async def messages(running: Commanded) -> list[tuple[bytes, bytes]]:
    """Of all streams: subject with headers, and the message."""
    url, token = running.broker()[:2]
    client = await nats.connect(url, token=token)
    jetstream, found = client.jetstream(), []
    for stream in await jetstream.streams_info():
        name, state = str(stream.config.name), stream.state
        for sequence in range(state.first_seq, state.last_seq + 1):
            message = await jetstream.get_msg(name, sequence)
            head = f"{message.subject} {message.headers}".encode()
            found.append((head, message.data or b""))
    await client.close()
    return found


def leaks(surfaces: Mapping[str, bytes], canaries: tuple[bytes, ...]) -> list[str]:
    """Where something planted came out, with what stands around it."""
    return [
        f"{name}: {text[max(0, at - 80) : at + 80]!r}"
        for name, text in surfaces.items()
        for canary in canaries
        if (at := text.find(canary)) >= 0
    ]


def logs(running: Commanded) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (running.data / "logs").glob("*.log")}


def test_logs_name_no_patient_and_no_uid(used: Commanded) -> None:
    found = logs(used)
    assert {"ingest.log", "indexer.log", "http-1.log"} <= found.keys()
    assert all(found[name] for name in ("ingest.log", "indexer.log"))
    assert leaks(found, PATIENT + UIDS) == []


def test_metrics_name_no_patient_and_no_uid(used: Commanded) -> None:
    text = used.get("/metrics").content
    assert b"isocenter_" in text
    assert leaks({"metrics": text}, PATIENT + UIDS) == []


def test_traces_name_no_patient_and_no_uid(used: Commanded, receiver: Receiver) -> None:
    assert {span.name for span in receiver.spans()} >= SPANS
    assert leaks({"traces": b"".join(receiver.bodies)}, PATIENT + UIDS) == []


def test_events_name_no_patient_and_their_subjects_no_uid(used: Commanded) -> None:
    found = asyncio.run(messages(used))
    facts = {head.split(b".")[3] + b"." + head.split(b".")[4] for head, _ in found}
    assert {b"instance.stored", b"study.arrived", b"instance.quarantined"} <= facts
    heads = b"\n".join(head for head, _ in found)
    assert leaks({"heads": heads}, PATIENT + UIDS) == []
    assert leaks({"messages": b"\n".join(data for _, data in found)}, PATIENT) == []


def test_the_scan_finds_what_is_planted_on_purpose(used: Commanded) -> None:
    harmed = {name: text + b' "size": 4711' for name, text in logs(used).items()}
    assert len(leaks(harmed, PATIENT)) == len(harmed) > 0
    assert leaks({"spans": b"\x12" + ROOT.encode()}, UIDS) != []
    assert UIDS[0] in b"".join(data for _, data in asyncio.run(messages(used)))  # it reads events

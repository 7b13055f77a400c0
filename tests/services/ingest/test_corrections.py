"""Correcting over HTTP: by somebody who may, written down with an audit entry, once, and never a guess at who it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.data_sets import SECONDARY_CAPTURE, element, text
from tests.support.ingesting import Site, announcing, site
from tests.support.wait import until

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.part10 import write_file_meta
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.events.entries import EntryKind
from isocenter.runtime.caller import NOBODY
from isocenter.runtime.users import RIGHTS, Role

OTHER = "1.2.9"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def file_of(sop: str, study: str, patient: str, issuer: str = "") -> bytes:
    parts = (
        text(0x00080016, "UI", SECONDARY_CAPTURE),
        text(0x00080018, "UI", sop),
        text(0x00080060, "CS", "OT"),
        text(0x00100010, "PN", f"Name^{patient}"),
        text(0x00100020, "LO", patient),
        text(0x00100021, "LO", issuer) if issuer else b"",
        text(0x0020000D, "UI", study),
        text(0x0020000E, "UI", f"{study}.4"),
        element(0x00280010, "US", b"\1\0"),
    )
    head = write_file_meta(SECONDARY_CAPTURE, sop, EXPLICIT_VR_LITTLE_ENDIAN)
    return head + b"".join(parts)


async def send(here: Site, study: str = "1.2.3", patient: str = "1", issuer: str = "") -> None:
    async with here.client() as client:
        sop = f"{study}.4.1"
        answer = await client.post("/api/import", content=file_of(sop, study, patient, issuer))
        assert answer.json()["status"] == "stored"
    await until(lambda: here.ports.index.study(study) is not None)


async def ask(here: Site, method: str, path: str, **body: Any) -> httpx.Response:
    async with here.client() as client:
        return await client.request(method, path, json=body or None)


async def correct(here: Site, path: str = "1.2.3", **body: Any) -> dict[str, Any]:
    answer = await ask(here, "POST", f"/api/corrections/studies/{path}", **body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    await until(lambda: here.ports.index.correction(made["correction_id"]) is not None)
    return made


def written(here: Site) -> list[entries.Correction]:
    found = here.entries(EntryKind.CORRECTION)
    return [one for one in found if isinstance(one, entries.Correction)]


async def test_a_correction_is_an_entry_an_audit_entry_and_an_event(here: Site) -> None:
    await send(here)
    async with announcing(here):
        made = await correct(here, set={"PatientName": "Roe^Jane"}, reason="misspelt")
        await until(lambda: any(e.fact.name == "study.edited" for e in here.bus.events))
    [entry] = written(here)
    assert (entry.correction_id, entry.caller, entry.reason) == (
        made["correction_id"],
        "local",
        "misspelt",
    )
    assert made["attributes"] == {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Roe^Jane"}]}}
    audits = [one for one in here.entries(EntryKind.AUDIT) if isinstance(one, entries.Audit)]
    assert any(one.action == "correct" and entry.correction_id in one.detail for one in audits)
    [event] = [e for e in here.bus.events if e.fact.name == "study.edited"]
    assert isinstance(event.message, events.StudyEdited)
    assert (event.message.study_instance_uid, event.message.action) == ("1.2.3", "edited")
    assert b"Roe" not in event.message.SerializeToString()


async def test_the_same_said_twice_is_one_correction(here: Site) -> None:
    await send(here)
    first = await correct(here, set={"StudyID": "7"})
    again = await correct(here, set={"StudyID": "7"}, reason="again")
    assert (again["correction_id"], len(written(here))) == (first["correction_id"], 1)
    other = await correct(here, set={"StudyID": "8"})
    third = await correct(here, set={"StudyID": "7"})
    assert len({one["correction_id"] for one in (first, other, third)}) == 3


async def test_undo_is_written_once_and_the_history_tells_it(here: Site) -> None:
    await send(here)
    made = await correct(here, set={"StudyID": "7"})
    path = f"/api/corrections/{made['correction_id']}/undo"
    undone = await ask(here, "POST", path)
    assert (undone.status_code, undone.json()["undone_by"]) == (200, "local")
    await until(lambda: bool(here.ports.index.correction(made["correction_id"]).undone_version))  # type: ignore[union-attr]
    assert (await ask(here, "POST", path)).status_code == 200
    assert [entry.action for entry in written(here)] == ["edited", "undone"]
    [line] = (await ask(here, "GET", "/api/corrections/studies/1.2.3")).json()
    assert (line["correction_id"], line["undone_by"]) == (made["correction_id"], "local")
    assert line["undone_ms"] >= line["made_ms"]


async def test_a_study_moves_to_the_patient_of_another_study_with_all_of_its_identity(
    here: Site,
) -> None:
    await send(here)
    await send(here, OTHER, "2", "ELSEWHERE")
    made = await correct(here, "1.2.3/move", to_patient_of=OTHER)
    assert (made["action"], made["to_patient"]) == ("moved", "ELSEWHERE|2")
    values = {tag: one.get("Value") for tag, one in made["attributes"].items()}
    assert values["00100020"] == ["2"]
    assert values["00100021"] == ["ELSEWHERE"]
    assert values["00100010"] == [{"Alphabetic": "Name^2"}]
    assert values["00101002"] is None
    await until(lambda: here.ports.index.study("1.2.3").patient == "ELSEWHERE|2")  # type: ignore[union-attr]
    again = await ask(here, "POST", "/api/corrections/studies/1.2.3/move", to_patient_of=OTHER)
    assert again.status_code == 409


async def test_a_move_is_not_undone_once_images_came_under_the_new_patient(here: Site) -> None:
    await send(here)
    await send(here, OTHER, "2")
    made = await correct(here, "1.2.3/move", to_patient_of=OTHER)
    async with here.client() as client:
        await client.post("/api/import", content=file_of("1.2.3.4.2", "1.2.3", "2"))
    await until(lambda: len(here.ports.index.instances("1.2.3")) == 2)
    answer = await ask(here, "POST", f"/api/corrections/{made['correction_id']}/undo")
    assert answer.status_code == 409
    assert [entry.action for entry in written(here)] == ["moved"]


async def test_patients_are_merged_and_told_apart_again(here: Site) -> None:
    await send(here)
    await send(here, OTHER, "2")
    made = await correct(here, "1.2.3/patient/merge", to_patient_of=OTHER)
    assert (made["patient"], made["to_patient"]) == ("|1", "|2")
    await send(here, "1.2.30", "1")
    patients = {here.ports.index.study(study).patient for study in ("1.2.3", "1.2.30", OTHER)}  # type: ignore[union-attr]
    assert patients == {"|2"}
    assert len((await ask(here, "GET", "/api/corrections/studies/1.2.30")).json()) == 1
    await ask(here, "POST", f"/api/corrections/{made['correction_id']}/undo")
    await until(lambda: here.ports.index.study("1.2.30").patient == "|1")  # type: ignore[union-attr]


async def test_nobodys_study_names_no_patient_to_merge(here: Site) -> None:
    await send(here, patient="")
    await send(here, OTHER, "2")
    for one, other in (("1.2.3", OTHER), (OTHER, "1.2.3")):
        path = f"/api/corrections/studies/{one}/patient/merge"
        assert (await ask(here, "POST", path, to_patient_of=other)).status_code == 409
    assert not written(here)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("corrections/studies/1.2.99", {"set": {"StudyID": "7"}}, 404),
        ("corrections/studies/1.2.3/series/1.2.99", {"set": {"SeriesNumber": "7"}}, 404),
        ("corrections/studies/nonsense", {"set": {"StudyID": "7"}}, 400),
        ("corrections/studies/1.2.3", {"set": {"PatientID": "7"}}, 400),
        ("corrections/studies/1.2.3", {"set": "StudyID"}, 400),
        ("corrections/studies/1.2.3", {"set": {"StudyID": "7"}, "reason": "x" * 1025}, 400),
        ("corrections/studies/1.2.3/move", {"to_patient_of": "1.2.99"}, 404),
        ("corrections/studies/1.2.3/move", {}, 400),
        ("corrections/studies/1.2.3/patient/merge", {"to_patient_of": "1.2.3"}, 409),
        (f"corrections/{'0' * 32}/undo", {}, 404),
        ("corrections/nonsense/undo", {}, 404),
    ],
)
async def test_what_cannot_be_corrected_is_refused_and_not_written(
    here: Site, path: str, body: dict[str, Any], status: int
) -> None:
    await send(here)
    assert (await ask(here, "POST", f"/api/{path}", **body)).status_code == status
    assert not written(here)


async def test_nobody_may_correct_or_look_at_what_was(here: Site) -> None:
    await send(here)
    here.caller = NOBODY
    for method, path in (
        ("POST", "/api/corrections/studies/1.2.3"),
        ("POST", "/api/corrections/studies/1.2.3/series/1.2.3.4"),
        ("POST", "/api/corrections/studies/1.2.3/patient"),
        ("POST", "/api/corrections/studies/1.2.3/move"),
        ("POST", "/api/corrections/studies/1.2.3/patient/merge"),
        ("GET", "/api/corrections/studies/1.2.3"),
        ("POST", f"/api/corrections/{'0' * 32}/undo"),
    ):
        assert (await ask(here, method, path, set={"StudyID": "7"})).status_code == 401
    assert not written(here)


def test_of_the_roles_only_an_administrator_corrects() -> None:
    assert [role for role in Role if "correct" in RIGHTS[role]] == [Role.ADMINISTRATOR]

"""`verify`, `doctor` and `rebuild-index`: what they name, and what they leave as it was."""

import shutil
from pathlib import Path

import pytest
from tests.support.checker.event_stream import messages
from tests.support.commanded import Commanded, platform
from tests.support.part10 import part10
from tests.support.senders import fresh_uid, give, give_study
from tests.support.small_disk import small_disk

from isocenter.adapters.open import open_journal
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry
from isocenter.runtime.clock import HybridClock, wall_ms

SEARCHES = (
    "/dicom-web/studies?includefield=all",
    "/dicom-web/series?includefield=all",
    "/dicom-web/instances?includefield=all",
    "/dicom-web/studies?PatientName=doe*&StudyDate=20260101-&limit=2&offset=1",
    "/api/held",
    "/api/quarantine",
)


CORRUPTED = "instance.corrupted"


def objects(desk: Commanded, study: str) -> list[Path]:
    return sorted((desk.archive / "instances" / study).rglob("*.dcm"))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.chmod(0o600)
    path.write_bytes(content)


def states(desk: Commanded, code: int) -> dict[str, list[tuple[str, str]]]:
    """The doctor's findings by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for check in desk.json("doctor", code=code):
        found.setdefault(check["name"], []).append((check["state"], check["message"]))
    return found


def answers(desk: Commanded) -> list[bytes]:
    return [desk.get(path).content for path in SEARCHES]


def test_whole_archive_verifies(desk: Commanded) -> None:
    study = give_study(desk.url, 2)
    assert desk.json("verify", study) == []
    assert "has its digest" in desk.cli("verify", study).stdout


@pytest.mark.parametrize("place", [3, 133, 190, -1], ids=["preamble", "meta", "uid", "pixels"])
def test_flipped_bit_is_named(place: int, desk: Commanded) -> None:
    study = give_study(desk.url, 2)
    _, changed = objects(desk, study)
    flip(changed, place)
    (fault,) = desk.json("verify", study, code=1)
    said = messages(desk.broker(), "isocenter-local-instance")
    told = [one for one in said if one.kind == CORRUPTED]
    assert any(fault["digest"].encode() in one.data for one in told)
    assert (fault["fault"], desk.archive / fault["object_key"]) == ("changed", changed)
    (found,) = [line for line in states(desk, 1)["objects"] if changed.name in line[1]]
    assert found[0] == "bad" and "digest" in found[1]
    flip(changed, place)
    assert desk.json("verify", study) == []


def test_missing_object_is_named(desk: Commanded) -> None:
    study = give_study(desk.url, 2)
    missing = objects(desk, study)[0]
    aside = missing.rename(desk.home / "aside")
    assert missing.name in desk.cli("verify", study, code=1).stdout.replace("\n", "")
    assert any(
        missing.name in line[1] and "missing" in line[1] for line in states(desk, 1)["objects"]
    )
    aside.rename(missing)


def test_healthy_platform_is_good_everywhere(desk: Commanded) -> None:
    found = states(desk, 0)
    looks = {"clock", "disk", "folders", "running", "bus", "journal", "index", "objects"}
    assert set(found) == looks
    assert {state for lines in found.values() for state, _ in lines} == {"good"}
    assert "answers" in found["running"][0][1]


@pytest.fixture
def stopped(tmp_path: Path) -> Commanded:
    """A data folder with one study, its platform stopped."""
    with platform(tmp_path) as running:
        give_study(running.url, 2)
        running.until_settled()
    return running


def test_doctor_names_a_wrong_clock_and_a_lost_index(stopped: Commanded) -> None:
    assert states(stopped, 0)["running"] == [("good", "no platform runs on this folder now")]
    clock = HybridClock(lambda: wall_ms() + 3_600_000)
    journal = open_journal(f"file://{stopped.archive}", clock)
    writer = journal.writer("audit")
    writer.append([Entry(clock.version(), EntryKind.AUDIT, 0, b"")])
    writer.close()
    ((state, message),) = states(stopped, 1)["clock"]
    assert state == "bad" and "behind the newest journal entry" in message
    shutil.rmtree(stopped.data / "index")
    ((state, message),) = states(stopped, 1)["index"]
    assert state == "bad" and "rebuild-index" in message


def test_doctor_names_a_platform_that_was_killed(stopped: Commanded) -> None:
    (stopped.data / "platform.json").write_text('{"url": "http://127.0.0.1:9"}')
    ((state, message),) = states(stopped, 1)["running"]
    assert state == "bad" and "does not answer" in message


def test_doctor_names_a_full_disk(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", 64 << 20) as folder,
        platform(
            folder,
            settings={
                "ISOCENTER_INGEST_LOW_MARK_BYTES": "0",
                "ISOCENTER_INGEST_HARD_MARK_BYTES": "0",
            },
        ) as full,
    ):
        give_study(full.url)
        ((state, message),) = states(full, 1)["disk"]
        assert state == "bad" and "full" in message


def test_open_folder_is_warned_of(stopped: Commanded) -> None:
    stopped.data.chmod(0o755)
    ((state, message),) = states(stopped, 0)["folders"]
    assert state == "warning" and "chmod 700" in message


def test_rebuild_with_the_platform_running_and_stopped_changes_no_answer(tmp_path: Path) -> None:
    with platform(tmp_path, settle_s=0.5) as running:
        study = give_study(running.url, 3, name="Doe^Jane")
        give_study(running.url, 2, name="Doe^Jack")
        sop = fresh_uid()
        for name in ("First^Man", "Second^Man"):
            give(running.url, part10(sop, fresh_uid(), fresh_uid(), name=name))
        give(running.url, part10("not.a.uid", fresh_uid(), fresh_uid()))
        running.until(lambda: running.json("status", study)["complete"], 30)
        running.until_settled()
        before = answers(running)
        assert len(running.json("held", "list")) == 1
        generation = running.state()["generation"]
        assert running.json("rebuild-index")["applied_entries"] > 0
        running.until(lambda: running.state()["generation"] != generation, 30)
        assert answers(running) == before
        running.stop()
        assert "built anew" in running.cli("rebuild-index").stdout
        running.start()
        running.until_settled()
        assert answers(running) == before

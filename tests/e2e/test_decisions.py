"""What only people decide, by commands: quarantine, held, deletion, and where a study is."""

from typing import Any

import pytest
from tests.support.commanded import Commanded
from tests.support.part10 import SECONDARY_CAPTURE, data_set, part10
from tests.support.scu import Association
from tests.support.senders import fresh_uid, give, give_study

GONE = "2" * 64


def quarantined(desk: Commanded, content: bytes) -> str:
    outcome = give(desk.url, content)
    assert outcome["status"] == "quarantined"
    digest = str(outcome["digest"])
    desk.until(lambda: digest in [line["digest"] for line in desk.json("quarantine", "list")], 30)
    return digest


def held(desk: Commanded) -> tuple[str, str, dict[str, Any]]:
    """The same SOP Instance UID in two studies: the first stands, the second is held."""
    sop, first, second = fresh_uid(), fresh_uid(), fresh_uid()
    give(desk.url, part10(sop, first, fresh_uid(), name="First^Man"))
    give(desk.url, part10(sop, second, fresh_uid(), name="Second^Man"))
    found: list[dict[str, Any]] = []

    def is_listed() -> bool:
        lines = desk.json("held", "list")
        found[:] = [line for line in lines if line["sop_instance_uid"] == sop]
        return bool(found)

    desk.until(is_listed, 30)
    (hold,) = found
    standing = hold["standing_study_instance_uid"]
    return standing, first if standing == second else second, hold


def studies(desk: Commanded, study: str) -> int:
    return len(desk.get("/dicom-web/studies", params={"StudyInstanceUID": study}).json())


def test_quarantine_is_listed_shown_and_dropped(desk: Commanded) -> None:
    digest = quarantined(desk, part10("not.a.uid", fresh_uid(), fresh_uid(), name="Odd^One"))
    (line,) = [line for line in desk.json("quarantine", "list") if line["digest"] == digest]
    assert "not a UID" in line["message"]
    assert "not a UID" in desk.cli("quarantine", "show", digest).stdout
    assert "Odd" not in desk.cli("quarantine", "list").stdout
    assert "dropped" in desk.cli("quarantine", "drop", digest).stdout
    desk.until(
        lambda: digest not in [line["digest"] for line in desk.json("quarantine", "list")], 30
    )


def test_release_says_what_is_still_wrong(desk: Commanded) -> None:
    digest = quarantined(desk, part10("still.not.a.uid", fresh_uid(), fresh_uid()))
    done = desk.cli("quarantine", "release", digest, code=1)
    assert "not a UID" in done.stderr
    done = desk.cli("quarantine", "release", "--force", digest, code=1)
    assert "not a UID" in done.stderr


def test_release_by_force_believes_the_data_set(desk: Commanded) -> None:
    sop, study = fresh_uid(), fresh_uid()
    with Association(desk.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        assert association.store(fresh_uid(), data_set(sop, study, fresh_uid())) == 0xA900
    found: list[str] = []

    def is_listed() -> bool:
        lines = desk.json("quarantine", "list")
        found[:] = [line["digest"] for line in lines if line["study_instance_uid"] == study]
        return bool(found)

    desk.until(is_listed, 30)
    (digest,) = found
    desk.cli("quarantine", "release", digest, code=1)
    desk.cli("quarantine", "release", "--force", digest)
    desk.until(lambda: studies(desk, study) == 1, 30)


@pytest.mark.parametrize("words", [("quarantine", "show"), ("quarantine", "drop")])
def test_unknown_quarantine_is_an_error(words: tuple[str, ...], desk: Commanded) -> None:
    assert desk.cli(*words, GONE, code=1).stderr.startswith("Error:")


def test_held_is_listed_and_the_first_is_unharmed(desk: Commanded) -> None:
    standing, waiting, hold = held(desk)
    assert hold["reason"] == "instance_under_other_study"
    desk.until(lambda: studies(desk, standing) == 1, 30)  # its document follows its instances
    assert studies(desk, waiting) == 0
    assert desk.json("status", waiting)["held"] == 1
    assert hold["hold_id"] in desk.cli("held", "show", hold["hold_id"]).stdout


def test_held_is_released(desk: Commanded) -> None:
    standing, waiting, hold = held(desk)
    desk.cli("held", "release", hold["hold_id"], "--reason", "the scanner reused the UID")
    desk.until(lambda: studies(desk, waiting) == 1, 30)
    assert studies(desk, standing) == 1
    assert desk.json("held", "show", hold["hold_id"])["state"] == "released"


def test_held_is_dropped(desk: Commanded) -> None:
    standing, waiting, hold = held(desk)
    assert desk.json("held", "drop", hold["hold_id"])["action"] == "drop"
    desk.until(lambda: desk.json("held", "show", hold["hold_id"])["state"] == "dropped", 30)
    desk.until(lambda: studies(desk, standing) == 1, 30)
    assert studies(desk, waiting) == 0


def test_unknown_hold_is_an_error(desk: Commanded) -> None:
    assert "no such hold" in desk.cli("held", "show", "nothing", code=1).stderr
    assert desk.cli("held", "release", "nothing", code=1).stderr.startswith("Error:")


def test_deleted_study_is_gone_and_comes_back(desk: Commanded) -> None:
    study = give_study(desk.url, 2)
    desk.until(lambda: studies(desk, study) == 1, 30)
    deletion = desk.json("delete", study, "--reason", "wrong patient")["deletion_id"]
    desk.until(lambda: studies(desk, study) == 0, 30)
    assert deletion in desk.cli("undelete").stdout
    assert desk.get(f"/dicom-web/studies/{study}/metadata").status_code in (404, 410)
    assert "It is back." in desk.cli("undelete", deletion).stdout
    desk.until(lambda: studies(desk, study) == 1, 30)
    assert desk.cli("undelete", deletion, code=1).stderr.startswith("Error:")


def test_deletion_asks_first(desk: Commanded) -> None:
    study = give_study(desk.url)
    desk.until(lambda: studies(desk, study) == 1, 30)
    assert "Abort" in desk.cli("delete", study, code=1).stderr
    assert studies(desk, study) == 1
    assert "undelete" in desk.cli("delete", study, "--yes").stdout
    assert desk.cli("delete", "2.25.404", "--yes", code=1).stderr.startswith("Error:")


def test_status_tells_where_a_study_is(desk: Commanded) -> None:
    study = give_study(desk.url, 3)
    desk.until(lambda: desk.json("status", study, code=None)["complete"] is True, 60)
    found = desk.json("status", study)
    assert (found["received"], found["indexed"], found["held"]) == (3, 3, 0)
    assert found["revision"] == 1
    assert "received" in desk.cli("status", study).stdout
    assert desk.json("status")["studies"] >= 1
    assert "indexed" in desk.cli("status", "2.25.404", code=1).stderr


def test_search_finds_by_words_of_the_name_and_by_keys(desk: Commanded) -> None:
    study = give_study(desk.url, 2, name="Quixote^Alonso")
    desk.until(lambda: studies(desk, study) == 1, 30)
    for words in (
        ("quixote",),
        ("Quixote", "Alonso"),
        ("--name", "QUIX*"),
        ("--patient-id", "4711", "--date", "20260101-20260103", "quixote"),
        ("--modality", "OT", "quixote"),
    ):
        uids = [one["0020000D"]["Value"][0] for one in desk.json("search", *words)]
        assert uids == [study], words
    assert study in desk.cli("search", "quixote").stdout
    assert study in desk.cli("search", "--text", "quix").stdout
    assert "Nothing matches." in desk.cli("search", "nobody of this name").stdout
    assert desk.json("search", "nobody of this name") == []

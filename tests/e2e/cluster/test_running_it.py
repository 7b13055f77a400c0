"""What people do with a cluster platform on this machine, while it runs: the commands find its servers."""

from pathlib import Path

import pytest
from tests.support.commanded import Commanded, command
from tests.support.senders import give_study

pytestmark = pytest.mark.timeout(600)  # servers are started in it


def test_backup_of_a_running_cluster_restores_into_a_folder(
    desk: Commanded, tmp_path: Path
) -> None:
    study = give_study(desk.url, 2)
    desk.until_settled()
    folder, data = tmp_path / "backup", tmp_path / "embedded"
    told = desk.json("backup", folder)
    assert told["copied_objects"] > 2 and told["lacking"] == []
    desk.cli("backup", folder, "--verify")
    command(tmp_path, "--data", data, "restore", folder)
    command(tmp_path, "--data", data, "verify")
    assert len(list((data / "archive" / "instances" / study).rglob("*.dcm"))) == 2


def test_doctor_looks_at_the_servers(desk: Commanded) -> None:
    looks = desk.json("doctor")
    assert {look["name"] for look in looks} >= {"store", "bus", "journal", "index", "objects"}
    assert [look for look in looks if look["state"] == "bad"] == []


def test_verify_and_rebuild_reach_the_servers(desk: Commanded) -> None:
    study = give_study(desk.url, 2)
    assert desk.json("verify", study) == []
    assert desk.json("rebuild-index")["applied_entries"] > 0

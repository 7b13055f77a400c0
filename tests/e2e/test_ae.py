"""`isocenter ae`: the list changed while the platform runs, and destinations tried out."""

import subprocess
from pathlib import Path

import pytest
from tests.support import foreign
from tests.support.commanded import Commanded, command
from tests.support.ports import free_port, until_open


def test_entries_come_and_go_and_the_others_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config" / "ae.toml"
    path.parent.mkdir(parents=True)
    path.write_text('# by hand\n[[ae]]\ntitle = "CT01"  # the old one\nmay_send = true\n')
    where = ("--data", tmp_path / "data", "ae")
    command(tmp_path, *where, "add", "WS1", "--address", "10.0.0.30", "--port", 104, "--may-ask")
    command(tmp_path, *where, "add", "WS2", "--may-ask", "--moves-to", "WS1")
    shown = command(tmp_path, *where).stdout
    assert "WS1" in shown and "104" in shown and "CT01" in shown
    assert "list already" in command(tmp_path, *where, "add", "WS1", code=1).stderr
    command(tmp_path, *where, "remove", "WS1")
    assert path.read_text().startswith('# by hand\n[[ae]]\ntitle = "CT01"  # the old one\n')
    assert "WS2" in path.read_text() and "WS1" not in path.read_text().replace('["WS1"]', "")
    assert "not in the list" in command(tmp_path, *where, "remove", "WS1", code=1).stderr


@pytest.mark.parametrize(
    "words", [("T" * 17,), ("WS1", "--port", 104), ("WS1", "--address", "here")]
)
def test_entry_that_would_break_the_list_is_not_written(
    tmp_path: Path, words: tuple[object, ...]
) -> None:
    command(tmp_path, "--data", tmp_path / "data", "ae", "add", *words, code=1)
    assert not (tmp_path / "data" / "config" / "ae.toml").exists()


def test_destination_answers_or_it_is_said_why_not(desk: Commanded, tmp_path: Path) -> None:
    port = free_port()
    desk.cli("ae", "add", "ECHOES", "--address", "127.0.0.1", "--port", port)
    try:
        assert "refused" in desk.cli("ae", "echo", "ECHOES", code=1).stderr
        process = subprocess.Popen(["storescp", "-od", str(tmp_path), str(port)])
        try:
            until_open(port)
            assert "answers" in desk.cli("ae", "echo", "ECHOES").stdout
        finally:
            process.terminate()
            process.wait()
        assert "no address" in desk.cli("ae", "echo", "NOBODY", code=1).stderr
    finally:
        desk.cli("ae", "remove", "ECHOES")


def test_platform_knows_a_new_entry_without_a_restart(desk: Commanded) -> None:
    asked = ("-v", "-S", "-aet", "FRESH", "-k", "QueryRetrieveLevel=STUDY")
    where = ("127.0.0.1", str(desk.dicom_port))
    assert "Find Response (Success)" in _told(foreign.run("findscu", *asked, *where))
    desk.cli("ae", "add", "FRESH", "--may-send")
    try:
        assert "Find Response (Success)" not in _told(foreign.run("findscu", *asked, *where))
    finally:
        desk.cli("ae", "remove", "FRESH")


def _told(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr

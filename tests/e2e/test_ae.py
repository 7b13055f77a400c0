"""`isocenter ae`: the list changed while the platform runs, and destinations tried out."""

import subprocess
from pathlib import Path

import pytest
from tests.support import foreign
from tests.support.checker.check import check
from tests.support.checker.evidence import collect
from tests.support.commanded import Commanded, command, platform, platform_that_knows
from tests.support.poll import poll
from tests.support.ports import free_port, until_open


def test_entries_of_the_file_come_and_go_and_the_others_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config" / "ae.toml"
    path.parent.mkdir(parents=True)
    path.write_text('# by hand\n[[ae]]\ntitle = "CT01"  # the old one\nmay_send = true\n')

    def ae(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        return command(tmp_path, "--data", tmp_path / "data", "ae", *words, "--file", code=code)

    ae("add", "WS1", "--address", "10.0.0.30", "--port", 104, "--may-ask")
    ae("add", "WS2", "--may-ask", "--moves-to", "WS1")
    shown = ae("list").stdout
    assert "WS1" in shown and "104" in shown and "CT01" in shown
    assert "list already" in ae("add", "WS1", code=1).stderr
    ae("remove", "WS1")
    assert path.read_text().startswith('# by hand\n[[ae]]\ntitle = "CT01"  # the old one\n')
    assert "WS2" in path.read_text() and "WS1" not in path.read_text().replace('["WS1"]', "")
    assert "not in the list" in ae("remove", "WS1", code=1).stderr


@pytest.mark.parametrize(
    "words", [("T" * 17,), ("WS1", "--port", 104), ("WS1", "--address", "here")]
)
def test_entry_that_would_break_the_list_is_not_written(
    tmp_path: Path, words: tuple[object, ...]
) -> None:
    where = ("--data", tmp_path / "data", "ae", "add", "--file")
    command(tmp_path, *where, *words, code=1)
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
    assert may_find(desk, "FRESH")
    desk.cli("ae", "add", "FRESH", "--may-send")
    try:
        poll(lambda: not may_find(desk, "FRESH"), 10)
    finally:
        desk.cli("ae", "remove", "FRESH")
    poll(lambda: may_find(desk, "FRESH"), 10)


def test_list_says_who_said_what_and_outlives_a_restart(tmp_path: Path) -> None:
    with platform_that_knows('[[ae]]\ntitle = "CT01"\nmay_send = true\n', tmp_path) as desk:
        desk.cli("ae", "add", "WS1", "--may-ask")
        assert "list already" in desk.cli("ae", "add", "CT01", code=1).stderr
        desk.cli("ae", "add", "CT01", "--replace")
        assert "not in the list" in desk.cli("ae", "remove", "GONE", code=1).stderr
        known = desk.json("ae")
        assert [(one["title"], one["source"], one["by"]) for one in known] == [
            ("CT01", "journal", "local"),
            ("WS1", "journal", "local"),
        ]
        desk.json("rebuild-index")
        assert desk.json("ae") == known
        assert not check(collect(desk, []))
    with platform(tmp_path) as again:
        assert again.json("ae") == known
        assert not may_find(again, "CT01") and may_find(again, "WS1")


def may_find(desk: Commanded, title: str) -> bool:
    asked = ("-v", "-S", "-aet", title, "-k", "QueryRetrieveLevel=STUDY")
    done = foreign.run("findscu", *asked, "127.0.0.1", str(desk.dicom_port))
    return "Find Response (Success)" in _told(done)


def _told(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr

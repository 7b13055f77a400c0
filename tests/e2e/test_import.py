"""`isocenter import`: folders with junk in them, stopped and started again, an honest summary."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.commanded import Commanded, command
from tests.support.part10 import data_set, part10
from tests.support.senders import fresh_uid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four instances of one study in odd places, one broken file, and junk."""
    study, series = fresh_uid(), fresh_uid()
    root = tmp_path / "disc"
    (root / "deep" / "er").mkdir(parents=True)
    for name in ("a.dcm", "deep/IM0001", "deep/er/ümläut.dcm"):
        (root / name).write_bytes(part10(fresh_uid(), study, series))
    (root / "bare").write_bytes(data_set(fresh_uid(), study, series))
    (root / "broken.dcm").write_bytes(part10("not.a.uid", study, series))
    (root / "DICOMDIR").write_bytes(part10(fresh_uid(), study, series))
    (root / "readme.txt").write_text("a disc")
    (root / "empty.dcm").touch()
    (root / "dangling").symlink_to(root / "nowhere")
    return root


def summary(desk: Commanded, *words: object, code: int) -> dict[str, Any]:
    found: dict[str, Any] = desk.json("import", *words, code=code)
    return found


def test_every_file_of_a_folder_is_accounted_for(desk: Commanded, folder: Path) -> None:
    found = summary(desk, folder, code=1)
    assert (found["stored"], found["quarantined"], found["skipped"]) == (4, 1, 3)
    (problem,) = found["problems"]
    assert problem["path"].endswith("broken.dcm")
    assert "not a UID" in problem["message"]


def test_second_run_sends_nothing(desk: Commanded, folder: Path) -> None:
    summary(desk, folder, code=1)
    before = desk.state()
    found = summary(desk, folder, code=0)
    assert found["already_done"] == 5
    assert "stored" not in found and "duplicate" not in found
    assert desk.state()["instances"] == before["instances"]


def test_changed_file_is_sent_again(desk: Commanded, folder: Path) -> None:
    summary(desk, folder, code=1)
    (folder / "a.dcm").write_bytes(part10(fresh_uid(), fresh_uid(), fresh_uid()))
    found = summary(desk, folder, code=0)
    assert (found["stored"], found["already_done"]) == (1, 4)


def test_sent_again_on_request_all_are_duplicates(desk: Commanded, folder: Path) -> None:
    summary(desk, folder, code=1)
    found = summary(desk, "--again", folder, code=1)
    assert (found["duplicate"], found["quarantined"]) == (4, 1)


def test_named_file_that_cannot_be_stored_is_named_and_tried_again(
    desk: Commanded, folder: Path
) -> None:
    for _ in range(2):
        found = summary(desk, folder / "empty.dcm", code=1)
        (problem,) = found["problems"]
        assert (found["failed"], problem["message"]) == (1, "the file is empty")


def test_summary_is_readable(desk: Commanded, folder: Path) -> None:
    done = desk.cli("import", folder, code=1)
    assert "stored" in done.stdout and "quarantined" in done.stdout and "broken" in done.stdout
    assert "importing" in done.stderr


def test_platform_that_is_not_there_loses_nothing(folder: Path, tmp_path: Path) -> None:
    done = command(tmp_path, "--url", "http://127.0.0.1:9", "import", folder, code=1)
    assert "no platform answers" in done.stderr


def packed(folder: Path, archive: Path, **more: bytes) -> Path:
    """A ZIP of all files of a folder, and of more."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                made.write(path, path.relative_to(folder))
        for name, content in more.items():
            made.writestr(name, content)
    return archive


def test_archives_and_archives_inside_them_are_read_where_they_lie(
    desk: Commanded, folder: Path, tmp_path: Path
) -> None:
    inner = packed(folder, tmp_path / "inner.zip")
    outer = tmp_path / "outer"
    outer.mkdir()
    other = part10(fresh_uid(), fresh_uid(), fresh_uid())
    packed(tmp_path / "none", outer / "cd.bin", inner=inner.read_bytes(), loose=other)
    found = summary(desk, outer, code=1)
    assert (found["stored"], found["quarantined"], found["skipped"]) == (5, 1, 3)
    (problem,) = found["problems"]
    assert problem["path"].endswith("cd.bin!inner!broken.dcm")
    again = summary(desk, outer, code=0)
    assert again["already_done"] == 6


def test_bombs_broken_and_encrypted_archives_are_told_and_the_rest_is_imported(
    desk: Commanded, tmp_path: Path
) -> None:
    root = tmp_path / "odd"
    root.mkdir()
    good = part10(fresh_uid(), fresh_uid(), fresh_uid())
    with zipfile.ZipFile(root / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("big.dcm", b"\0" * 128 + b"DICM" + b"\0" * (65 << 20))
        made.writestr("good.dcm", good)
    whole = (root / "bomb.zip").read_bytes()
    (root / "cut.zip").write_bytes(whole[: len(whole) // 2])
    locked = bytearray(packed(tmp_path / "none", tmp_path / "locked.zip", secret=good).read_bytes())
    central = locked.rindex(b"PK\x01\x02")
    locked[6] |= 1
    locked[central + 8] |= 1
    (root / "locked.zip").write_bytes(locked)
    deep = good
    for depth in range(4):
        deep = packed(tmp_path / "none", tmp_path / f"deep-{depth}.zip", inner=deep).read_bytes()
    (root / "deep.zip").write_bytes(deep)
    found = summary(desk, root, code=1)
    assert (found["stored"], found["unreadable"]) == (1, 4)
    told = {
        problem["path"].removeprefix(f"{root}/"): problem["message"]
        for problem in found["problems"]
    }
    assert "200 times" in told["bomb.zip!big.dcm"]
    assert "archive" in told["cut.zip"]
    assert told["locked.zip!secret"] == "encrypted"
    assert "nested too deeply" in told["deep.zip!inner!inner!inner"]

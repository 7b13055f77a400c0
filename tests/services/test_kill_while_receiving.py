"""kill -9 of a process that receives, at moments nobody chose: what it acknowledged is there."""

import os
import subprocess
from pathlib import Path
from random import Random

from tests.support.poll import poll
from tests.support.promises import check_promise
from tests.support.strace import python

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.runtime.clock import HybridClock

KILLS = 8


def test_what_a_killed_receiver_acknowledged_is_stored(tmp_path: Path) -> None:
    root, acks = tmp_path / "root", tmp_path / "acks"
    random = Random(20261125)
    for attempt in range(KILLS):
        before = lines(acks)
        command, environment = python(
            "tests.support.receiving_child", str(root), str(acks), "100000", str(attempt), "4"
        )
        child = subprocess.Popen(command, env={**os.environ, **environment})
        wanted = len(before) + random.randrange(1, 60)
        try:
            poll(lambda wanted=wanted: len(lines(acks)) >= wanted)  # type: ignore[misc]
        finally:
            child.kill()
            child.wait()
        check_promise(Disk(), root, HybridClock(), lines(acks))
    assert len(lines(acks)) > KILLS
    store = FilesystemObjects(root)
    assert list(root.rglob("*.part")) == []
    FileJournal(root, HybridClock()).seal_abandoned(-3600)
    check_promise(Disk(), root, HybridClock(), lines(acks))
    assert not store.failed


def lines(path: Path) -> list[str]:
    """Whole lines: the last may be under way."""
    return path.read_text().split("\n")[:-1] if path.exists() else []

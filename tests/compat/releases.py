"""Two releases beside each other: the working tree, and a wheel of an earlier commit on a path of its own."""

import copy
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

# the last before receipts carried a trace and before anything knew of servers: the embedded platform, whole
EARLIER = "c38f72a5a490baab92b7357e4baac6689312223b"
REPOSITORY = Path(__file__).parents[2]
SPEAKER = Path(__file__).with_name("speaker.py")
PARTS = ("pyproject.toml", "README.md", "LICENSE", "services/isocenter")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isocenter"


class Release:
    """One release; its programs run in child processes whose path begins with it."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._said: dict[str, Any] = {}

    def environment(self, **given: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "ISOCENTER" not in name}
        return {**kept, "PYTHONPATH": str(self.path), **given}

    def says(self, role: str) -> Any:
        """What a role without arguments answers; the same each time, so it is asked once."""
        if role not in self._said:
            self._said[role] = self.speak(role)
        return copy.deepcopy(self._said[role])

    def speak(self, role: str, *given: Any) -> Any:
        """Run one role of the speaker."""
        done = subprocess.run(
            [sys.executable, str(SPEAKER), role],
            input=json.dumps(given),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{self.name} {role}: {done.stderr[-3000:]}"
        told = json.loads(done.stdout)
        assert Path(told["product"]).is_relative_to(self.path), "another release was asked"
        return told["answer"]


@cache
def earlier() -> Release:
    """The earlier release, built once; where its commit is not in the clone the test skips, or fails in CI."""
    folder = CACHE / f"earlier-{EARLIER[:12]}"
    if not folder.exists():
        _build(_sources(), folder)
    return Release("N-1", folder)


@cache
def later() -> Release:
    """The working tree."""
    return Release("N", REPOSITORY / "services")


def _sources() -> bytes:
    command = ["git", "-C", str(REPOSITORY), "archive", EARLIER, *PARTS]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    reason = f"commit {EARLIER[:12]} is not in this clone; it may be shallow"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _build(sources: bytes, folder: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        work = Path(name)
        with tarfile.open(fileobj=BytesIO(sources)) as archive:
            archive.extractall(work / "sources", filter="data")
        _pip("wheel", "--no-build-isolation", "--wheel-dir", work / "wheel", work / "sources")
        [wheel] = (work / "wheel").glob("*.whl")
        _pip("install", "--target", work / "installed", wheel)
        try:
            (work / "installed").rename(folder)
        except OSError:  # another run was sooner
            shutil.rmtree(work / "installed", ignore_errors=True)


def _pip(action: str, *words: object) -> None:
    command = [sys.executable, "-m", "pip", action, "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, *map(str, words)], check=True, timeout=300)

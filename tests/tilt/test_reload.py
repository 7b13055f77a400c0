"""Services under Tilt run from a copy of the code, anew after each change, ended by the signal that ends pods."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from tests.support.charts.tools import ROOT

RELOAD = (ROOT / "tilt" / "reload.py").read_text()
SERVICE = """
import pathlib, signal, isocenter.errors as errors
told = pathlib.Path(errors.__file__).read_text().splitlines()[-1]
print(errors.__file__, told, flush=True)
signal.pause()
"""


def reloading(folder: Path, code: str) -> Popen[str]:
    command = [sys.executable, "-c", RELOAD, str(folder), sys.executable, "-c", code]
    return Popen(command, stdout=PIPE, text=True)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Popen[str]]:
    with reloading(tmp_path / "live", SERVICE) as process:
        yield process
        process.kill()


def line(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_code_that_was_changed_runs_and_the_supervisor_stays(
    process: Popen[str], tmp_path: Path
) -> None:
    live = tmp_path / "live"
    assert line(process).startswith(str(live))
    with (live / "isocenter" / "errors.py").open("a") as file:
        file.write("# changed")
    (live / "changed").touch()
    assert "# changed" in line(process)
    assert process.poll() is None


def test_told_to_stop_it_stops_the_service_and_hands_on_how_that_ended(
    process: Popen[str],
) -> None:
    line(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM


def test_a_service_that_ends_by_itself_ends_it_with_the_same_code(tmp_path: Path) -> None:
    with reloading(tmp_path / "live", "raise SystemExit(7)") as process:
        assert process.wait(20) == 7


def test_without_the_package_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-c", RELOAD, str(tmp_path / "live"), "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "not installed" in done.stderr

"""What `helm test` runs, run on a platform that trusts nobody because it is near, as one in pods does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.charts.tools import CHART
from tests.support.commanded import ANY_ADDRESS, Commanded
from tests.support.commanded import platform as commanded
from tests.support.ports import free_port

SCRIPT = CHART / "files" / "round_trip.py"
AE_LIST = '[[ae]]\ntitle = "HELM_TEST" # it may verify and nothing else\n'
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    folder = tmp_path_factory.mktemp("site")
    config = folder / "data" / "config"
    config.mkdir(parents=True, mode=0o700)
    (config / "ae.toml").write_text(AE_LIST)
    strict = {"ISOCENTER_TRUST_LOOPBACK": "false"}
    with commanded(folder, listen=ANY_ADDRESS, settings=strict) as running:
        yield running


@pytest.fixture(scope="module")
def token(site: Commanded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    roles = ("--role", "sender", "--role", "reader")
    made = site.json("user", "add", "helm-test", *roles, "--token")["token"]
    path = tmp_path_factory.mktemp("token") / "token"
    path.write_text(f"{made}\n")
    return path


def round_trip(site: Commanded, token: Path | None, *, dicom: str = "") -> Done:
    words = [f"--dicom={dicom or f'127.0.0.1:{site.dicom_port}'}", "--called=ISOCENTER"]
    words += [f"--store={site.url}", f"--read={site.url}"]
    words += [f"--token-file={token}"] if token else []
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_all_four_are_asked_and_answered(site: Commanded, token: Path) -> None:
    done = round_trip(site, token)
    assert (done.returncode, done.stderr) == (0, "")
    said = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert said == ["C-ECHO", "STOW-RS", "QIDO-RS", "WADO-RS"]


def test_running_it_again_adds_nothing(site: Commanded, token: Path) -> None:
    assert round_trip(site, token).returncode == 0
    assert round_trip(site, token).returncode == 0
    bearer = {"Authorization": f"Bearer {token.read_text().strip()}"}
    site.until_settled()
    assert site.get("/api/state", headers=bearer).json()["studies"] == 1


def test_it_fails_without_a_user_and_says_where(site: Commanded) -> None:
    done = round_trip(site, None)
    assert done.returncode == 1
    assert done.stderr.startswith("STOW-RS: HTTPError: HTTP Error 401")


def test_it_fails_where_nobody_answers_dicom(site: Commanded, token: Path) -> None:
    done = round_trip(site, token, dicom=f"127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert done.stderr.startswith("C-ECHO: ConnectionRefusedError")
    assert done.stdout == ""

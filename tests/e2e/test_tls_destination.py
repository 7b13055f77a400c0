"""A destination that listens with TLS alone: DCMTK's storescp gets a study by C-MOVE, and `ae echo` reaches it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support import foreign
from tests.support.commanded import Commanded, platform_that_knows
from tests.support.dicom_certificates import make_certificates
from tests.support.ports import until_open
from tests.support.senders import give_study

SUBJECT = r"organizationName=Hospital\\, North,commonName=ws1"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Commanded]:
    folder = tmp_path_factory.mktemp("tls")
    config = folder / "data" / "config"
    config.mkdir(parents=True)
    make_certificates(folder, "archive", "ws1")
    for made, name in (("ca.crt", "-ca.crt"), ("archive.crt", ".crt"), ("archive.key", ".key")):
        shutil.copy(folder / made, config / f"dicom-tls{name}")
    entry = f'title = "%s"\naddress = "127.0.0.1"\nport = {port}\ntls = true\n'
    known = (
        f'[[ae]]\n{entry % "WS1"}tls_subject = "{SUBJECT}"\n'
        f'[[ae]]\n{entry % "IMPOSTOR"}tls_subject = "commonName=another"\n'
    )
    with platform_that_knows(known, folder) as running:
        yield running


@contextmanager
def workstation(archive: Commanded, folder: Path, port: int) -> Iterator[None]:
    """Asks for a certificate of the same authority."""
    folder.mkdir()
    made = archive.home
    secure = ["+tls", str(made / "ws1.key"), str(made / "ws1.crt"), "+cf", str(made / "ca.crt")]
    command = ["storescp", *secure, "-od", str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_open(port)
            yield
        finally:
            process.terminate()


def moved(archive: Commanded, study: str, destination: str) -> str:
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    done = foreign.run(
        "movescu", "-v", "-S", "-aem", destination, *keys, "127.0.0.1", str(archive.dicom_port)
    )
    return done.stdout + done.stderr


def test_study_is_moved_over_tls_to_whom_the_entry_names_and_to_nobody_else(
    archive: Commanded, port: int, tmp_path: Path
) -> None:
    study = give_study(archive.url, 3)
    archive.until_settled()
    with workstation(archive, tmp_path / "ws1", port):
        assert archive.cli("ae", "echo", "WS1").returncode == 0
        assert "another subject" in archive.cli("ae", "echo", "IMPOSTOR", code=1).stderr
        moved(archive, study, "WS1")
        arrived = len(list((tmp_path / "ws1").iterdir()))
        moved(archive, study, "IMPOSTOR")
        assert (arrived, len(list((tmp_path / "ws1").iterdir()))) == (3, 3)

"""Services as containers of the image: no root, no capability, nothing to write to but their data and /tmp."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import httpx
import pytest
from tests.support.containers import Image, run, serving
from tests.support.nats_server import running_nats
from tests.support.part10 import SECONDARY_CAPTURE, data_set
from tests.support.poll import poll
from tests.support.ports import free_port
from tests.support.scu import Association
from tests.support.senders import fresh_uid

SERVICES = ("indexer", "ingest", "streaming")
pytestmark = pytest.mark.timeout(900)  # the first test builds the image


@dataclass
class Contained:
    """Three services in three containers, with one data folder."""

    dicom_port: int
    client: httpx.Client
    folder: Path
    processes: dict[str, Popen[bytes]] = field(default_factory=dict)

    def consoles(self) -> str:
        return "\n".join((self.folder / name / "console.log").read_text() for name in SERVICES)

    def answers(self, path: str) -> bool:
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name}: {self.consoles()}"
        try:
            return self.client.get(path).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def contained(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    folder = tmp_path_factory.mktemp("contained")
    data = folder / "data"
    data.mkdir()
    http_port = free_port()
    with ExitStack() as stack:
        broker = stack.enter_context(running_nats(folder))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{http_port}"))
        platform = Contained(free_port(), client, folder)
        told = {
            "ISOCENTER_BUS_URL": broker.url,
            "ISOCENTER_BUS_TOKEN": broker.token,
            "ISOCENTER_RPC_TOKEN": "a token of the test's",
            "ISOCENTER_RUN_FOLDER": "/var/lib/isocenter/run",  # they meet on its sockets
            "ISOCENTER_HTTP_PORT": str(http_port),
            "ISOCENTER_INGEST_DICOM_PORT": str(platform.dicom_port),
        }
        for name in SERVICES:
            process = stack.enter_context(serving(image, folder / name, name, told, data))
            platform.processes[name] = process
        yield platform


def test_an_instance_goes_from_a_scanner_to_a_reader(contained: Contained) -> None:
    study, sop = fresh_uid(), fresh_uid()
    sent = data_set(sop, study, fresh_uid(), name="Test^Image")
    poll(lambda: contained.answers("/dicom-web/studies"), within_s=60)
    with Association(contained.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        assert association.store(sop, sent) == 0
    poll(lambda: contained.answers(f"/dicom-web/studies/{study}/metadata"), within_s=20)
    accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    answer = contained.client.get(f"/dicom-web/studies/{study}", headers=accept)
    assert answer.status_code == 200
    assert sent in answer.content


def test_the_viewer_comes_out_of_the_image(contained: Contained) -> None:
    poll(lambda: contained.answers("/viewer/"), within_s=60)
    assert "OHIF" in contained.client.get("/viewer/").text


def test_a_service_that_is_told_to_stop_ends_well(contained: Contained) -> None:
    poll(lambda: contained.answers("/dicom-web/studies"), within_s=60)
    for name in reversed(SERVICES):
        contained.processes[name].terminate()
        assert contained.processes[name].wait(40) == 0, contained.consoles()


def test_a_service_without_a_place_for_its_data_says_so_and_ends(
    image: Image, tmp_path: Path
) -> None:
    told = {"ISOCENTER_RUN_FOLDER": "/var/lib/isocenter/run"}
    done = run(image, tmp_path, "isocenter", "serve", "ingest", environment=told)
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr


def test_a_setting_that_is_wrong_is_named_and_nothing_starts(image: Image, tmp_path: Path) -> None:
    told = {"ISOCENTER_INGEST_DICOM_PORT": "-1", "ISOCENTER_HTTP_PORT": "many"}
    done = run(image, tmp_path, "isocenter", "serve", "ingest", environment=told)
    assert done.returncode == 2
    assert "DICOM_PORT" in done.stderr
    assert "HTTP_PORT" in done.stderr

"""Ingest as a process behind a gateway: it answers its own HTTP requests, and probes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.nats_server import RunningNats, die_with_parent, running_nats
from tests.support.part10 import multipart, part10
from tests.support.poll import poll
from tests.support.ports import free_port

SERVING = 1


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[RunningNats]:
    with running_nats(tmp_path) as server:
        yield server


@contextmanager
def serving(folder: Path, bus: RunningNats, **told: str) -> Iterator[None]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "ISOCENTER_DATA_FOLDER": str(folder / "data"),
        "ISOCENTER_BUS_URL": bus.url,
        "ISOCENTER_BUS_TOKEN": bus.token,
        "ISOCENTER_INGEST_DICOM_PORT": str(free_port()),
        "ISOCENTER_INGEST_LOW_MARK_BYTES": "0",
        "ISOCENTER_INGEST_HARD_MARK_BYTES": "0",
        **told,
    }
    command = [sys.executable, "-m", "isocenter", "serve", "ingest"]
    with (folder / "ingest.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
        )
    try:
        yield
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def is_serving(port: int, name: str = "") -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            asked = health_pb2.HealthCheckRequest(service=name)
            return bool(stub.Check(asked, timeout=1).status == SERVING)
        except grpc.RpcError:
            return False


def test_it_stores_what_is_posted_and_leaves_searching_to_others(
    tmp_path: Path, bus: RunningNats
) -> None:
    web, probes = free_port(), free_port()
    ports = {"ISOCENTER_HTTP_PORT": str(web), "ISOCENTER_HEALTH_PORT": str(probes)}
    with serving(tmp_path, bus, ISOCENTER_INGEST_ANSWER_HTTP="true", **ports):
        poll(lambda: is_serving(probes), 20)
        with httpx.Client(base_url=f"http://127.0.0.1:{web}", trust_env=False) as client:
            body, kind = (
                multipart([part10("1.2.3.4.5")]),
                "multipart/related; type=application/dicom",
            )
            stored = client.post(
                "/dicom-web/studies",
                content=body,
                headers={"content-type": f"{kind}; boundary=b0undary"},
            )
            assert stored.status_code == 200, stored.text
            assert client.get("/dicom-web/studies").status_code in (404, 405)


def test_unless_it_is_told_to_it_opens_no_http_port(tmp_path: Path, bus: RunningNats) -> None:
    web, probes = free_port(), free_port()
    ports = {"ISOCENTER_HTTP_PORT": str(web), "ISOCENTER_HEALTH_PORT": str(probes)}
    with serving(tmp_path, bus, **ports):
        poll(lambda: is_serving(probes), 20)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{web}/dicom-web/studies", trust_env=False)


def away() -> dict[str, str]:
    """A bucket of a server that does not answer."""
    return {
        "ISOCENTER_OBJECTS_URL": f"s3+http://127.0.0.1:{free_port()}/bucket",
        "ISOCENTER_OBJECTS_ACCESS_KEY": "somebody",
        "ISOCENTER_OBJECTS_SECRET_KEY": "something",
    }


def test_it_is_ready_without_its_store(tmp_path: Path, bus: RunningNats) -> None:
    probes = free_port()
    with serving(tmp_path, bus, ISOCENTER_HEALTH_PORT=str(probes), **away()):
        poll(lambda: is_serving(probes), 60)
        assert "object_store_not_probed" in (tmp_path / "ingest.log").read_text()


def test_below_the_low_mark_of_its_spool_folder_it_is_not_ready_and_lives(
    tmp_path: Path, bus: RunningNats
) -> None:
    told = {"ISOCENTER_HEALTH_PORT": str(free_port()), **away()}
    probes = int(told["ISOCENTER_HEALTH_PORT"])
    with serving(tmp_path, bus, **told, ISOCENTER_INGEST_LOW_MARK_BYTES=str(1 << 60)):
        poll(lambda: "LOW_MARK" in (tmp_path / "ingest.log").read_text(), 60)
        poll(lambda: is_serving(probes, "live"), 20)
        assert not is_serving(probes)

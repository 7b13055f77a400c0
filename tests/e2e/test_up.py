"""How `isocenter up` begins and ends: ports, one platform for a folder, seconds, nothing left behind."""

import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.commanded import Commanded, command, platform
from tests.support.platform import PARTS, is_running
from tests.support.ports import free_port
from tests.support.senders import give_study


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("face", ["http", "dicom", "dicom-tls"])
def test_taken_port_is_named_with_the_option_that_helps(
    face: str, taken: int, tmp_path: Path
) -> None:
    ports = {"http": free_port(), "dicom": free_port(), face: taken}
    options = [word for name, port in ports.items() for word in (f"--{name}-port", port)]
    done = command(tmp_path, "up", "--data", tmp_path / "data", *options, code=1)
    assert str(taken) in done.stderr and f"--{face}-port" in done.stderr
    assert not (tmp_path / "data" / "platform.json").exists()


def test_address_that_is_not_ours_is_named(tmp_path: Path) -> None:
    options = ("--listen", "203.0.113.77", "--http-port", free_port())
    done = command(tmp_path, "up", "--data", tmp_path / "data", *options, code=1)
    assert "203.0.113.77" in done.stderr and "taken" not in done.stderr


def test_new_data_folder_is_its_owners_alone(taken: int, tmp_path: Path) -> None:
    command(tmp_path, "up", "--data", tmp_path / "data", "--http-port", taken, code=1)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_second_platform_on_a_folder_is_refused(desk: Commanded) -> None:
    ports = ("--http-port", free_port(), "--dicom-port", free_port())
    done = desk.cli("up", *ports, code=1)
    assert "another platform is running" in done.stderr
    assert desk.get("/api/state").status_code == 200
    assert (desk.data / "platform.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_all_processes_and_the_next_start_is_quick(
    number: signal.Signals, tmp_path: Path
) -> None:
    with platform(tmp_path) as running:
        study = give_study(running.url)
        pids = [running.supervisor_pid, *running.pids().values()]
        assert len(pids) == 1 + len(PARTS)
        assert running.end(number) == 0
        assert "Stopped." in running.said()
        assert not [pid for pid in pids if is_running(pid)]
        assert not (running.data / "platform.json").exists()
        with pytest.raises(httpx.ConnectError):
            running.get("/api/state")
        started_s = time.monotonic()
        running.start()
        took_s = time.monotonic() - started_s
        running.until_settled()
        found = running.get("/dicom-web/studies", params={"StudyInstanceUID": study}).json()
        assert len(found) == 1
        assert took_s < 20, took_s  # two loaded cores; alone it is 2 s


def test_where_it_is_is_said(desk: Commanded) -> None:
    said = desk.said().replace("\n", "")
    for word in (desk.url, str(desk.dicom_port), "ISOCENTER", str(desk.data.name), "Ctrl-C"):
        assert word in said

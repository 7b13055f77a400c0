"""The servers that are measured: ours as `isocenter up` starts it, Debian's Orthanc, DCMTK's storescp, a bare sink."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.perf.processes import children, cpu_s
from tests.support.ports import free_port

# Debian builds DCMTK with Nagle's algorithm on, which costs its receivers 40 ms an answer: switched off, so that the
# peers are measured at their best
NO_NAGLE = {**os.environ, "TCP_NODELAY": "1"}
PACKED_AFTER_S = (
    6.0  # of nothing but listening; what arrives is packed after 2 s, or 5 more on a busy machine
)
STIRRING_S = 0.05
ORTHANC_DICOMWEB = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@dataclass(slots=True)
class Peer:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    dicom_port: int
    ae_title: str
    dicomweb: str = ""  # base URL, empty when it has none
    url: str = ""

    def cpu_s(self) -> float:
        """Processor seconds so far, all its processes but those that make what no peer makes."""
        return cpu_s(self.process.pid) - self.packing_s()

    def packing_s(self) -> float:
        """Processor seconds of making packs for the quick viewer, in the machine's spare time."""
        return sum(cpu_s(pid) for pid in children(self.process.pid, "serve", "transcoder"))

    def until_packed(self) -> None:
        """Wait until nothing is made any more: it would be the next peer's burden."""
        spent_s, since_s = self.packing_s(), time.monotonic()
        while time.monotonic() - since_s < PACKED_AFTER_S:
            time.sleep(0.1)
            now_s = self.packing_s()
            if now_s - spent_s > STIRRING_S:
                spent_s, since_s = now_s, time.monotonic()

    def instances_of(self, study: str) -> int:
        """How many instances of a study a search tells."""
        answer = httpx.get(
            f"{self.dicomweb}/studies",
            params={"StudyInstanceUID": study, "includefield": "00201208"},
        )
        found = answer.json() if answer.status_code == 200 else []
        return int(found[0]["00201208"]["Value"][0]) if found else 0


def until(condition: Callable[[], bool], timeout_s: float = 60.0, pause_s: float = 0.02) -> None:
    """Wait; raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause_s)


def is_open(port: int) -> bool:
    """Tell whether something accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def running(peer: Peer, *ports: int) -> Iterator[Peer]:
    """Wait for the ports, lend the peer, end it."""
    try:
        for port in ports:
            until(lambda port=port: is_open(port))  # type: ignore[misc]
        yield peer
    finally:
        peer.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            peer.process.wait(30)
        peer.process.kill()


@contextlib.contextmanager
def isocenter(folder: Path, workstation: int = 0) -> Iterator[Peer]:
    """Ours, all services and all syncs on; `workstation` is the port of a destination, WS1."""
    dicom, http = free_port(), free_port()
    (folder / "config").mkdir(parents=True, exist_ok=True)
    if workstation:
        entry = (
            f'[[ae]]\ntitle = "WS1"\naddress = "127.0.0.1"\nport = {workstation}\nmay_ask = true\n'
        )
        (folder / "config" / "ae.toml").write_text(entry)
    ports = ["--http-port", str(http), "--dicom-port", str(dicom)]
    command = [sys.executable, "-m", "isocenter", "up", "--data", str(folder), *ports]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{http}"
    with running(
        Peer("isocenter", process, dicom, "ISOCENTER", f"{url}/dicom-web", url), dicom, http
    ) as peer:
        until((folder / "platform.json").exists)
        yield peer


@contextlib.contextmanager
def orthanc(folder: Path, workstation: int = 0) -> Iterator[Peer]:
    """Debian's Orthanc with its DICOMweb plug-in, default durability; `workstation` as for `isocenter`."""
    dicom, http = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "Name": "bench", "HttpPort": http, "DicomPort": dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "AuthenticationEnabled": False,
        "Plugins": [ORTHANC_DICOMWEB], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True, "LimitFindResults": 0,
        "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
        "DicomModalities": {"WS1": ["WS1", "127.0.0.1", workstation or 104]},
    }  # fmt: skip
    path = folder / "orthanc.json"
    path.write_text(json.dumps(config))
    binary = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
    process = subprocess.Popen(
        [binary, str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=NO_NAGLE,
    )
    url = f"http://127.0.0.1:{http}"
    with running(
        Peer("orthanc", process, dicom, "ORTHANC", f"{url}/dicom-web", url), dicom, http
    ) as peer:
        yield peer


@contextlib.contextmanager
def storescp(folder: Path) -> Iterator[Peer]:
    """DCMTK's receiver: no index, no sync."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = ["storescp", "--fork", "-od", str(folder), "--bit-preserving", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=NO_NAGLE
    )
    with running(Peer("storescp", process, port, "STORESCP"), port) as peer:
        yield peer


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[Peer]:
    """The physical limit in this language: receive, write, sync one file; no digest, journal or index."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.perf.sink", str(port), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with running(Peer("sink", process, port, "SINK"), port) as peer:
        yield peer

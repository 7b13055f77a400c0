"""Receiving: C-STORE at 1, 4 and 8 associations, with and without Nagle, STOW-RS, and how soon it can be searched."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.perf.peers import Peer, until
from tests.perf.scans import Maker

STOW_CLIENTS = 4
STOW_INSTANCES = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """One measured send."""

    peer: str
    associations: int
    rate: float  # acknowledged instances a second
    searchable_s: float  # first byte to all searchable; 0 where there is no search
    cpu_ms: float  # of the server, for each instance stored and searchable


def storescu(peer: Peer, folder: Path, *, nagle: bool) -> None:
    """Send a folder on one association; every status has to be Success."""
    environment = {**os.environ, "TCP_NODELAY": "0" if nagle else "1"}
    command = [
        "storescu",
        "-aec",
        peer.ae_title,
        "+sd",
        "127.0.0.1",
        str(peer.dicom_port),
        str(folder),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "Warning" in done.stderr or "Error" in done.stderr:
        raise RuntimeError(f"{peer.name}: {done.stderr[-400:]}")


def send(
    peer: Peer,
    folder: Path,
    maker: Maker,
    study: int,
    count: int,
    associations: int,
    *,
    nagle: bool,
) -> Stored:
    """Send one study of `count` instances spread over associations, and wait until all can be searched."""
    folders = []
    for part in range(associations):
        share = count // associations
        target = folder / f"{study}-{part}"
        if not target.exists():
            maker.write(target, study, share, part * share)
        folders.append(target)
    total = (count // associations) * associations
    before = peer.cpu_s()
    started = time.monotonic()
    with ThreadPoolExecutor(associations) as pool:
        list(pool.map(lambda each: storescu(peer, each, nagle=nagle), folders))
    rate = total / (time.monotonic() - started)
    searchable = 0.0
    if peer.dicomweb:
        until(lambda: peer.instances_of(maker.study_uid(study)) >= total, 120, 0.01)
        searchable = time.monotonic() - started
    time.sleep(0.5)  # what the server still does belongs to its bill
    return Stored(peer.name, associations, rate, searchable, (peer.cpu_s() - before) * 1000 / total)


def stow(peer: Peer, folder: Path, maker: Maker, study: int, count: int) -> float:
    """Send by STOW-RS, 20 instances a request, from 4 clients (curl, so that the client costs little); instances/s."""
    bodies = _bodies(folder, maker, study, count)
    started = time.monotonic()
    with ThreadPoolExecutor(STOW_CLIENTS) as pool:
        list(pool.map(lambda n: _curl(peer, bodies[n::STOW_CLIENTS]), range(STOW_CLIENTS)))
    return count / (time.monotonic() - started)


def _bodies(folder: Path, maker: Maker, study: int, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    bodies = []
    for first in range(0, count, STOW_INSTANCES):
        path = folder / f"stow-{study}-{first}"
        with path.open("wb") as file:
            for number in range(first, first + STOW_INSTANCES):
                head = b"--B\r\nContent-Type: application/dicom\r\n\r\n"
                file.write(head + maker.instance(study, number) + b"\r\n")
            file.write(b"--B--\r\n")
        bodies.append(path)
    return bodies


def _curl(peer: Peer, bodies: list[Path]) -> None:
    """Post the files one after the other on one connection; each has to be answered with 200."""
    command = ["curl", "--silent", "--show-error", "--fail"]
    for body in bodies:
        command += ["-H", 'Content-Type: multipart/related; type="application/dicom"; boundary=B']
        command += [
            "-H",
            "Accept: application/dicom+json",
            "-H",
            "Expect:",
            "--data-binary",
            f"@{body}",
        ]
        command += ["-o", os.devnull, f"{peer.dicomweb}/studies", "--next", "--fail", "--silent"]
    done = subprocess.run(command[:-3], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{peer.name}: {done.stderr[-400:]}")

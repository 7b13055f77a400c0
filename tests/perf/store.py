"""Receiving: C-STORE at 1, 4 and 8 associations, with and without Nagle, STOW-RS, and how soon it can be searched."""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.perf.peers import Peer, until
from tests.perf.processes import Busy
from tests.perf.scans import Maker

STOW_CLIENTS = 4
STOW_INSTANCES = 20
BOUNDARY = "0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"  # as long as clients' boundaries are
TYPE = f'Content-Type: multipart/related; type="application/dicom"; boundary={BOUNDARY}'


@dataclass(frozen=True, slots=True)
class Stored:
    """One measured send."""

    peer: str
    associations: int
    rate: float  # acknowledged instances a second
    searchable_s: float  # first byte to all searchable; 0 where there is no search
    cpu_ms: float  # of the server, for each instance stored and searchable
    sender_ms: float  # of the senders, for each instance
    busy: float  # share of all cores' time that was used while they sent
    packing_ms: (
        float  # of ours meanwhile and afterwards, for each instance: packs for the quick viewer
    )


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

    def until_searchable() -> None:
        if peer.dicomweb:
            until(lambda: peer.instances_of(maker.study_uid(study)) >= total, 120, 0.01)

    return _measured(
        peer,
        associations,
        total,
        lambda number: storescu(peer, folders[number], nagle=nagle),
        until_searchable,
    )


def _measured(
    peer: Peer,
    senders: int,
    total: int,
    one: Callable[[int], None],
    until_searchable: Callable[[], None],
) -> Stored:
    """Let all senders send at once, then look at the bill."""
    before, packing_before, senders_before = peer.cpu_s(), peer.packing_s(), _children_s()
    machine = Busy()
    started = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(one, range(senders)))
    rate = total / (time.monotonic() - started)
    busy, sender_ms = machine.share(), (_children_s() - senders_before) * 1000 / total
    until_searchable()
    searchable = time.monotonic() - started if peer.dicomweb else 0.0
    time.sleep(0.5)  # what the server still does belongs to its bill
    cpu_ms = (peer.cpu_s() - before) * 1000 / total
    if peer.name == "isocenter":
        peer.until_packed()
    packing_ms = (peer.packing_s() - packing_before) * 1000 / total
    return Stored(peer.name, senders, rate, searchable, cpu_ms, sender_ms, busy, packing_ms)


def _children_s() -> float:
    """Processor time of our children that have ended: the senders."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stow(peer: Peer, folder: Path, maker: Maker, study: int, count: int) -> Stored:
    """Send by STOW-RS, 20 instances a request, from 4 clients (curl, so that the client costs little)."""
    bodies = _bodies(folder, maker, study, count)
    return _measured(
        peer,
        STOW_CLIENTS,
        count,
        lambda number: _curl(peer, bodies[number::STOW_CLIENTS]),
        lambda: None,
    )


def _bodies(folder: Path, maker: Maker, study: int, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    bodies = []
    for first in range(0, count, STOW_INSTANCES):
        path = folder / f"stow-{study}-{first}"
        with path.open("wb") as file:
            for number in range(first, first + STOW_INSTANCES):
                head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
                file.write(head + maker.instance(study, number) + b"\r\n")
            file.write(f"--{BOUNDARY}--\r\n".encode())
        bodies.append(path)
    return bodies


def _curl(peer: Peer, bodies: list[Path]) -> None:
    """Post the files one after the other on one connection; each has to be answered with 200."""
    command = ["curl", "--silent", "--show-error", "--fail"]
    for body in bodies:
        command += ["-H", TYPE]
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

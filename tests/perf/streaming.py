"""Packs as readers take them: first bytes with 32 clients, and a thousand slow readers of a series at once."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from tests.perf import load, peers
from tests.perf.peers import Peer, until
from tests.perf.processes import anonymous_mb
from tests.perf.report import Report
from tests.perf.store import storescu
from tests.support.slices import ct_file

from isocenter.embedded.samples.phantom import Geometry, volume

STUDY = "1.2.1"
SLICES = 300
SLOW_READERS = 1_000
READ_BYTES = 2_048
GROWTH_MB = 400


def run(report: Report, scratch: Path, seconds: int) -> None:
    """Send a series, have it packed, then read it."""
    report.title(f"Streaming of a packed series of {SLICES} slices")
    with peers.isocenter(scratch / "streaming") as peer:
        packed(peer, scratch, STUDY)
        series = f"/dicom-web/studies/{STUDY}/series/{STUDY}.2"
        paths = [f"{series}/instances/{STUDY}.3.{n}/frames/1" for n in range(1, SLICES + 1)]
        accept = "image/jphc;transfer-syntax=1.2.840.10008.1.2.4.202"
        load.run(peer, paths, accept, clients=8, seconds=1)  # warm
        told = load.run(peer, paths, accept, clients=32, seconds=seconds)
        report.line(f"{told.rate:.0f} frames/s, p95 {told.p95_ms:.1f} ms, failures {told.failures}")
        report.bar("whole frame, 32 clients, p95", told.p95_ms, 10, unit="ms", at_most=True)
        _slow(report, peer, f"{series}/stream")


def packed(peer: Peer, scratch: Path, study: str, noise: float = 1.0) -> None:
    """Send a series of a study and have it packed; its values, and so its noise, are as large as that."""
    pixels = volume(Geometry(), lesion_radius_mm=9.0, seed=3) * noise
    pixels = pixels.round().astype("<i2")
    folder = scratch / f"scans-{study}"
    folder.mkdir()
    for number in range(1, SLICES + 1):
        content = ct_file(
            np.asarray(pixels[number % len(pixels)]),
            f"{study}.3.{number}",
            study,
            series=f"{study}.2",
            number=number,
        )
        (folder / f"{number}.dcm").write_bytes(content)
    storescu(peer, folder, nagle=False)
    until(lambda: peer.instances_of(study) == SLICES)
    command = [sys.executable, "-m", "isocenter", "--url", peer.url, "transcode", study]
    subprocess.run(command, check=True, capture_output=True)
    time.sleep(3)  # until workers that looked before look again


def _slow(report: Report, peer: Peer, path: str) -> None:
    """Open them all, take a little of each, and look at what the workers hold."""
    where = urlsplit(peer.url)
    before = sum(anonymous_mb(peer.process.pid).values())
    asked = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
    with ExitStack() as stack:
        readers = []
        for _ in range(SLOW_READERS):
            reader = socket.create_connection((where.hostname or "", where.port or 80), 60)
            stack.callback(reader.close)
            reader.sendall(asked)
            readers.append(reader)
        served = sum(len(reader.recv(READ_BYTES)) > 0 for reader in readers)
        after = sum(anonymous_mb(peer.process.pid).values())
    report.line(f"{served} of {SLOW_READERS} slow readers have bytes")
    report.bar("memory for all of them", after - before, GROWTH_MB, unit="MB", at_most=True)

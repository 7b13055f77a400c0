"""Memory while a 4 GB object with thousands of frames is stored and one frame of it is read."""

import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
from tests.perf import peers
from tests.perf.processes import anonymous_mb
from tests.perf.report import Report
from tests.perf.scans import SOP, STUDY, template

ROWS = COLUMNS = 1024
FRAME_BYTES = ROWS * COLUMNS * 2


def _headed(frames: int) -> bytes:
    """Part 10 bytes up to and with Pixel Data's own header, for that many frames."""
    single = template(ROWS, COLUMNS)
    at = single.rindex(b"\xe0\x7f\x10\x00")
    number = str(frames).encode() + b" " * (len(str(frames)) % 2)
    element = b"\x28\x00\x08\x00IS" + struct.pack("<H", len(number)) + number
    rows_at = single.index(b"\x28\x00\x10\x00US")
    return (
        single[:rows_at]
        + element
        + single[rows_at:at]
        + b"\xe0\x7f\x10\x00OW\0\0"
        + struct.pack("<I", frames * FRAME_BYTES)
    )


def run(report: Report, scratch: Path, gigabytes: float) -> None:
    """Store it by the import door in one request, then read a frame; print each process's peak."""
    frames = min(int(gigabytes * 1e9 / FRAME_BYTES), 2047)  # just below the 4 GB of a 32-bit length
    report.title(f"Memory: one object of {frames * FRAME_BYTES / 1e9:.1f} GB, {frames} frames")
    block = bytes(FRAME_BYTES)
    peaks: dict[int, float] = {}

    def body() -> Iterator[bytes]:
        yield _headed(frames)
        for number in range(frames):
            yield block
            if number % 64 == 0:
                for pid, size in anonymous_mb(peer.process.pid).items():
                    peaks[pid] = max(peaks.get(pid, 0), size)

    with peers.isocenter(scratch / "memory") as peer:
        answer = httpx.post(f"{peer.url}/api/import", content=body(), timeout=600)
        report.line(f"stored: {answer.status_code} {answer.json().get('status')}")
        peers.until(lambda: peer.instances_of(STUDY) == 1)
        found = httpx.get(f"{peer.dicomweb}/studies/{STUDY}/instances").json()[0]
        path = f"/studies/{STUDY}/series/{found['0020000E']['Value'][0]}/instances/{SOP}/frames/{frames}"
        accept = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
        frame = httpx.get(peer.dicomweb + path, headers=accept)
        took_ms = frame.elapsed.total_seconds() * 1000
        report.line(
            f"last frame: {frame.status_code}, {len(frame.content)} bytes in {took_ms:.0f} ms"
        )
        for pid, size in anonymous_mb(peer.process.pid).items():
            peaks[pid] = max(peaks.get(pid, 0), size)
    report.bar(
        "greatest private memory of a process", max(peaks.values()), 150, unit="MB", at_most=True
    )

"""The reading section: search with 8 clients, frames, whole series, beside Orthanc on the same data."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.perf import load, peers
from tests.perf.load import Load
from tests.perf.peers import until
from tests.perf.questions import FRAMES, JSON, fill, questions
from tests.perf.report import Report
from tests.perf.scans import Maker
from tests.perf.store import storescu

OBJECTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
SERIES_SLICES = 300


def search(report: Report, scratch: Path, studies: int, seconds: int) -> None:
    """QIDO-RS with 8 clients."""
    report.title(f"QIDO-RS over {studies} studies, 8 clients")
    with ExitStack() as stack:
        ours = stack.enter_context(peers.isocenter(scratch / "search-isocenter"))
        theirs = stack.enter_context(peers.orthanc(scratch / "search-orthanc"))
        for peer in (ours, theirs):
            fill(peer, scratch, studies)
        for what, paths in questions(studies).items():
            mine = load.run(ours, paths, JSON, clients=8, seconds=seconds)
            other = load.run(theirs, paths, JSON, clients=8, seconds=seconds)
            report.line(
                f"{what}: ours {_told(mine)}; orthanc {_told(other)}; {mine.rate / other.rate:.0f} x"
            )
            report.bar(f"QIDO {what}", mine.rate, 1500, unit="/s")


def _told(measured: Load) -> str:
    failed = f", {measured.failures} FAILED" if measured.failures else ""
    return (
        f"{measured.rate:.0f}/s p50 {measured.p50_ms:.1f} p95 {measured.p95_ms:.1f} ms, "
        f"{measured.cpu_ms:.2f} ms CPU{failed}"
    )


def frames(report: Report, scratch: Path, seconds: int) -> None:
    """Frames of 525 KB with 1 and 8 clients, and the whole series."""
    report.title("WADO-RS: frames of 525 KB, and a whole series")
    maker = Maker(run=5)
    with ExitStack() as stack:
        ours = stack.enter_context(peers.isocenter(scratch / "frames-isocenter"))
        theirs = stack.enter_context(peers.orthanc(scratch / "frames-orthanc"))
        folder = scratch / "series"
        maker.write(folder, 0, SERIES_SLICES)
        for peer in (ours, theirs):
            storescu(peer, folder, nagle=False)
            until(lambda peer=peer: peer.instances_of(maker.study_uid(0)) == SERIES_SLICES)  # type: ignore[misc]
        series = f"/dicom-web/studies/{maker.study_uid(0)}/series/{maker.series_uid(0)}"
        one = [f"{series}/instances/{maker.sop_uid(0, n)}/frames/1" for n in range(SERIES_SLICES)]
        for clients, bar in ((1, 1.0), (8, 1.5)):
            mine = load.run(ours, one, FRAMES, clients=clients, seconds=seconds)
            other = load.run(theirs, one, FRAMES, clients=clients, seconds=seconds)
            report.line(f"{clients} client(s): ours {_told(mine)}; orthanc {_told(other)}")
            report.bar(
                f"frames with {clients} client(s) to Orthanc", mine.rate / other.rate, bar, unit="x"
            )
            report.bar(
                f"server CPU a frame, {clients} client(s)",
                mine.cpu_ms,
                0.25,
                unit="ms",
                at_most=True,
            )
        mine = load.run(ours, [series], OBJECTS, clients=1, seconds=seconds)
        other = load.run(theirs, [series], OBJECTS, clients=1, seconds=seconds)
        report.line(
            f"whole series: ours {mine.mb_per_s:.0f} MB/s, orthanc {other.mb_per_s:.0f} MB/s"
        )
        report.bar("whole series to Orthanc", mine.mb_per_s / other.mb_per_s, 1.0, unit="x")


def scale(report: Report, studies: int) -> None:
    """Search over generated index rows, in a process of its own."""
    report.title(f"Search over {studies} generated studies")
    command = ["python", "-m", "tests.perf.index_scale", str(studies)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        report.line(line)

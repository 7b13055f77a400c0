"""A study is opened in the quick viewer: from the click in its list to pixels, in Chromium, on lines that are slow.

The renderer is software here: a real graphics card takes less of the processor that decodes.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.perf import peers
from tests.perf.report import Report
from tests.perf.streaming import SLICES, packed
from tests.support.slow_line import slow_line

from isocenter.renditions.series_stream import RecordReader

BROWSER = Path(__file__).parents[1] / "browser"
ROUND_TRIP_S = 0.04
NOISE = 0.65  # a slice of 185 kB, as that which the bars were written for: at 250 kB/s it alone takes 740 ms
STUDIES = tuple(f"1.2.40.{number}" for number in range(1, 5))  # each is asked for once


def run(report: Report, scratch: Path) -> None:
    """At 250 kB/s, at 1 MB/s, and without a line between."""
    report.title(f"Opening a CT of {SLICES} slices in the quick viewer")
    with peers.isocenter(scratch / "opening") as peer:
        for study in STUDIES:
            packed(peer, scratch, study, NOISE)
        port = urlsplit(peer.url).port or 80
        slow, fast, near, alone = STUDIES
        _alone(report, f"{peer.dicomweb}/studies/{alone}/stream?documents=1")
        with slow_line(port, bytes_per_s=250e3, round_trip_s=ROUND_TRIP_S) as url:
            told = _opened(report, url, slow, scratch, 64)
        report.bar("250 kB/s + 40 ms, first picture", told["first"], 250, unit="ms", at_most=True)
        report.bar("the same, five slices at 64", told["near"], 300, unit="ms", at_most=True)
        report.bar("the same, whole slice", told["full"], 1000, unit="ms", at_most=True)
        coarse = told["coarse"]["64"]
        report.bar("the same, all slices at 64", coarse / 1000, 7, unit="s", at_most=True)
        with slow_line(port, bytes_per_s=1e6, round_trip_s=ROUND_TRIP_S) as url:
            told = _opened(report, url, fast, scratch, 128)
        coarse = told["coarse"]["128"]
        report.bar("1 MB/s + 40 ms, all slices at 128", coarse / 1000, 5, unit="s", at_most=True)
        told = _opened(report, peer.url, near, scratch, 64)
        report.bar("loopback, whole slice", told["full"], 200, unit="ms", at_most=True)


def _alone(report: Report, url: str) -> None:
    """What of it is the server's share, without a browser."""
    reader, began, seen = RecordReader(), time.perf_counter(), dict[str, float]()
    with httpx.stream("GET", url) as answer:
        for chunk in answer.iter_raw():
            for record in reader.feed(chunk):
                name = f"{record.kind.name.lower()} {record.level}"
                seen.setdefault(name, (time.perf_counter() - began) * 1000)
    told = ", ".join(f"{name} {ms:.0f} ms" for name, ms in seen.items())
    report.line(f"server alone, asked for the first time: {told}")


def _opened(report: Report, url: str, study: str, scratch: Path, side: int) -> Any:
    command = ["node", str(BROWSER / "quick_opening.mjs"), url, str(scratch), study, str(side)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = json.loads(done.stdout)
    report.line(
        f"first {told['first']:.0f} ms (halved {told['firstReductions']} times), whole "
        f"{told['full']:.0f} ms, by the renderer {told['renderer']:.0f} ms, "
        f"requests for the study before the click: {len(told['before'])}"
    )
    report.line(f"asked for at {told['posted']} ms; heard: {', '.join(told['messages'][:14])}")
    for frame in told["frames"][:8]:
        report.line(f"    long frame {frame}")
    for name, began, first, last, size in sorted(told["took"], key=lambda one: one[1]):
        report.line(f"    {began:5d} {first:5d} {last:5d} ms {size:8d} B  {name[:100]}")
    return told

"""`python -m tests.perf [SECTION ...]`: receiving, long, search, scale, frames, dimse, rebuild, memory,
transcoding, streaming, opening; all by default.

And cluster, which is run where it is named: it needs MinIO and OpenSearch.

Delete nothing on the measured disk for five minutes before: ext4 passes over inodes that were deleted shortly before,
one by one, for each file that is created (seen: a quarter of a receiver's processor time).
"""

import argparse
import tempfile
from pathlib import Path

from tests.perf import (
    asking,
    cluster,
    memory,
    opening,
    reading,
    rebuilding,
    receiving,
    streaming,
    transcoding,
)
from tests.perf.report import Report

SECTIONS = (
    "receiving",
    "long",
    "search",
    "scale",
    "frames",
    "dimse",
    "rebuild",
    "memory",
    "transcoding",
    "streaming",
    "opening",
)
NAMED = ("cluster",)


def main() -> None:
    """Run the sections and say which bars were missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", choices=[*SECTIONS, *NAMED, []], help="which; all when none is named"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each reading load")
    parser.add_argument("--studies", type=int, default=10_000, help="for search")
    parser.add_argument("--instances", type=int, default=20_000, help="for the long run")
    parser.add_argument("--scale", type=int, default=500_000, help="generated studies")
    parser.add_argument("--scratch", type=Path, default=None, help="folder on the disk to measure")
    told = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="isocenter-bench-", dir=told.scratch) as folder:
        scratch = Path(folder)
        runs = {
            "receiving": lambda: receiving.run(report, scratch, told.rounds),
            "long": lambda: receiving.long_run(report, scratch, told.instances),
            "search": lambda: reading.search(report, scratch, told.studies, told.seconds),
            "scale": lambda: reading.scale(report, told.scale),
            "frames": lambda: reading.frames(report, scratch, told.seconds),
            "dimse": lambda: asking.run(report, scratch, told.studies, told.rounds),
            "rebuild": lambda: rebuilding.run(report, scratch, told.instances),
            "memory": lambda: memory.run(report, scratch, 4.3),
            "transcoding": lambda: transcoding.run(report, scratch, 1_000),
            "streaming": lambda: streaming.run(report, scratch, told.seconds),
            "opening": lambda: opening.run(report, scratch),
            "cluster": lambda: cluster.run(
                report, scratch, told.rounds, told.studies, told.seconds
            ),
        }
        for name in told.sections or SECTIONS:
            runs[name]()
    report.end()


main()

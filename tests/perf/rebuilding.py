"""The index built anew from the journal alone, and how much of that is reading headers."""

import subprocess
import sys
import time
from pathlib import Path

from tests.perf import peers
from tests.perf.peers import until
from tests.perf.report import Report
from tests.perf.scans import Maker
from tests.perf.store import storescu

from isocenter.adapters.open import open_journal
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.indexer.document import row_of
from isocenter.runtime.clock import HybridClock

IN_STUDY = 100


def run(report: Report, scratch: Path, instances: int) -> None:
    """Send, stop, take the index away, rebuild."""
    report.title(
        f"Rebuild of an index of {instances} instances from the journal, no pixel object touched"
    )
    folder = scratch / "rebuild"
    maker = Maker(run=9, rows=64, columns=64)
    studies = instances // IN_STUDY
    with peers.isocenter(folder) as peer:
        for study in range(studies):
            maker.write(scratch / "rebuild-scans", study, IN_STUDY)
        storescu(peer, scratch / "rebuild-scans", nagle=False)
        until(lambda: peer.instances_of(maker.study_uid(studies - 1)) == IN_STUDY, 120)
    started = time.monotonic()
    command = [sys.executable, "-m", "isocenter", "--data", str(folder), "rebuild-index"]
    subprocess.run(command, check=True, capture_output=True)
    took_s = time.monotonic() - started
    read_s = _reading_s(folder)
    report.line(
        f"{took_s:.1f} s with the start of the command; reading headers alone {read_s:.1f} s of it, "
        f"{instances / max(read_s, 1e-9):.0f} /s"
    )
    report.bar("rebuild", instances / took_s, 3000, unit="/s")


def _reading_s(folder: Path) -> float:
    """Seconds to make a row of every receipt, the journal read before."""
    journal = open_journal(f"file://{folder / 'archive'}", clock=HybridClock())
    receipts = [
        entries.Receipt.FromString(record.entry.payload)
        for stream in journal.ends()
        for record in journal.read(stream)
        if record.entry.kind == EntryKind.RECEIPT
    ]
    started = time.monotonic()
    for version, receipt in enumerate(receipts):
        row_of(receipt, version, "bench", "")
    return time.monotonic() - started

"""The receiving section: all peers in turn, round by round, so that a drifting machine touches all alike.

What was sent stays until the end: an ext4 without a journal searches past every inode deleted in the last minutes when
it makes a file, which cost any receiver half a millisecond for each instance.
"""

import os
from collections import defaultdict
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests.perf import peers
from tests.perf.peers import Peer
from tests.perf.report import Report, middle, spread
from tests.perf.scans import Maker
from tests.perf.store import Stored, send, stow

INSTANCES = {
    1: 304,
    4: 400,
    8: 800,
}  # by associations: what a sender costs to start is not the receiver's
ASSOCIATIONS = (1, 4, 8)
OURS_TO_ORTHANC = {1: 2.5, 4: 1.5, 8: 1.5}
CPU_MS = {1: 2.5, 8: 1.8}


def _start(stack: ExitStack, scratch: Path, names: tuple[str, ...]) -> list[Peer]:
    starters = {
        "isocenter": peers.isocenter,
        "orthanc": peers.orthanc,
        "storescp": peers.storescp,
        "sink": peers.sink,
    }
    return [stack.enter_context(starters[name](scratch / f"store-{name}")) for name in names]


def c_store(
    report: Report, scratch: Path, rounds: int, *, nagle: bool = False
) -> dict[tuple[str, int], list[Stored]]:
    """Send to each peer in turn at 1, 4 and 8 associations."""
    found: dict[tuple[str, int], list[Stored]] = defaultdict(list)
    studies = count(1)
    maker = Maker(run=1 if nagle else 0)
    levels = (1,) if nagle else ASSOCIATIONS
    names = ("isocenter",) if nagle else ("isocenter", "orthanc", "storescp", "sink")
    with ExitStack() as stack:
        servers = _start(stack, scratch, names)
        for _ in range(rounds):
            for level in levels:
                study = next(studies)
                folder = scratch / f"scans-{'nagle' if nagle else 'plain'}-{study}"
                for peer in servers:
                    found[peer.name, level].append(
                        send(peer, folder, maker, study, INSTANCES[level], level, nagle=nagle)
                    )
    for (name, level), sends in found.items():
        rates = spread([one.rate for one in sends])
        cpu = middle([one.cpu_ms for one in sends])
        soon = middle([one.searchable_s for one in sends])
        packing = middle([one.packing_ms for one in sends])
        tail = f", all searchable after {soon:.2f} s" if soon else ""
        tail += f", packs {packing:.2f} ms each" if packing else ""
        report.line(
            f"{name:10} {level} association(s){' with Nagle' if nagle else ''}: {rates} /s, "
            f"server CPU {cpu:.2f} ms each{tail}"
        )
        report.line(f"           {_limit(sends)}")
    return found


def _limit(sends: list[Stored]) -> str:
    """What the processors would allow: all of them busy, at what sender and server cost in this very run."""
    cores = os.cpu_count() or 1
    sender = middle([one.sender_ms for one in sends])
    busy = middle([one.busy for one in sends])
    most = 1000 * cores / (sender + middle([one.cpu_ms for one in sends]))
    return f"{busy:.0%} of {cores} cores busy, senders {sender:.2f} ms each: at most {most:.0f} /s"


def compare(report: Report, found: dict[tuple[str, int], list[Stored]]) -> None:
    """Ratios and bars of C-STORE."""
    rate = {key: middle([one.rate for one in sends]) for key, sends in found.items()}
    for level in ASSOCIATIONS:
        ours = rate["isocenter", level]
        report.bar(
            f"C-STORE x{level} to Orthanc",
            ours / rate["orthanc", level],
            OURS_TO_ORTHANC[level],
            unit="x",
        )
        report.bar(f"C-STORE x{level} to the bare sink", ours / rate["sink", level], 0.6, unit="x")
        report.line(
            f"       C-STORE x{level} to storescp (no sync, no index): {ours / rate['storescp', level]:.2f} x"
        )
    for level, limit in CPU_MS.items():
        cpu = middle([one.cpu_ms for one in found["isocenter", level]])
        report.bar(
            f"server CPU x{level} for each stored and searchable",
            cpu,
            limit,
            unit="ms",
            at_most=True,
        )
    ours_soon = middle([one.searchable_s for one in found["isocenter", 1]])
    theirs = middle([one.searchable_s for one in found["orthanc", 1]])
    report.bar(
        "first byte to all searchable, ours to Orthanc's",
        ours_soon / theirs,
        1.0,
        unit="x",
        at_most=True,
    )


def run(report: Report, scratch: Path, rounds: int) -> None:
    """The whole section."""
    report.title(
        f"Receiving CT slices of 525 KB, {list(INSTANCES.values())} a send at {list(INSTANCES)} "
        f"associations, {rounds} rounds (min / median / max)"
    )
    found = c_store(report, scratch, rounds)
    compare(report, found)
    nagle = c_store(report, scratch, rounds, nagle=True)
    without = middle([one.rate for one in found["isocenter", 1]])
    report.bar(
        "rate with a sender's Nagle to without",
        middle([one.rate for one in nagle["isocenter", 1]]) / without,
        0.8,
        unit="x",
    )
    stow_section(report, scratch, rounds)


def stow_section(report: Report, scratch: Path, rounds: int) -> None:
    """STOW-RS, 20 instances a request, 4 clients."""
    sent: dict[str, list[Stored]] = defaultdict(list)
    maker = Maker(run=2)
    with ExitStack() as stack:
        servers = _start(stack, scratch / "stow", ("isocenter", "orthanc"))
        for number in range(rounds):
            for peer in servers:
                sent[peer.name].append(stow(peer, scratch / "stow-bodies", maker, number, 320))
    rates = {name: [one.rate for one in sends] for name, sends in sent.items()}
    for name, sends in sent.items():
        cpu = middle([one.cpu_ms for one in sends])
        report.line(f"{name:10} STOW-RS: {spread(rates[name])} /s, server CPU {cpu:.2f} ms each")
        report.line(f"           {_limit(sends)}")
    report.bar(
        "STOW-RS to Orthanc", middle(rates["isocenter"]) / middle(rates["orthanc"]), 1.5, unit="x"
    )


def long_run(report: Report, scratch: Path, instances: int) -> None:
    """Many instances at the same rate, with the index close behind."""
    report.title(f"{instances} instances of 525 KB on 4 associations, in parts of 1,000")
    maker = Maker(run=3)
    with ExitStack() as stack:
        (peer,) = _start(stack, scratch / "long", ("isocenter",))
        sends = []
        for part in range(instances // 1000):
            folder = scratch / f"long-{part}"
            sends.append(send(peer, folder, maker, part, 1000, 4, nagle=False))
    rates = [one.rate for one in sends]
    lags = [one.searchable_s - 1000 / one.rate for one in sends]
    report.line(f"rate of the parts: {spread(rates)} /s")
    tenth = max(1, len(rates) // 10)
    report.bar(
        "last tenth to first tenth", middle(rates[-tenth:]) / middle(rates[:tenth]), 0.9, unit="x"
    )
    report.bar("worst index lag at the end of a part", max(lags), 2.0, unit="s", at_most=True)

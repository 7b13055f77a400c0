"""Kill processes of a platform while it receives, and tell in which step of the acknowledgement path each one died.

Steps as in the architecture: 1 receive, 2 scan, 3 object durable, 4 receipt durable, 5 answer, 6 publish. A step is
told by what the dead process left, looked at before anything is started again.
"""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.checker import journal_files
from tests.support.checker.check import Said, naming, told
from tests.support.checker.journal_files import Receipt
from tests.support.platform import Platform, is_running
from tests.support.poll import poll
from tests.support.sending import Attempt, Sending

STEPS = (
    "1-2 only the spool has it",
    "3 object, no receipt",
    "4-5 receipt, no Success",
    "5-6 Success, not announced",
    "after 6 all done",
)
RECEIVERS = ("ingest", "http-1", "http-2")
AIMS = {  # the system call before which ingest dies, and on which file
    STEPS[0]: ("fdatasync",),
    STEPS[1]: ("fsync",),
    STEPS[2]: ("fdatasync", "ingest-*.open"),
}
RECENT = 40  # attempts
Try = tuple[str, str, float]  # SOP Instance UID, study, when it began


@dataclass(slots=True)
class Death:
    """One kill of a receiving process and what it left."""

    name: str
    at_s: float  # wall clock
    tries: set[Try]  # what may have been under way, by the same way in
    spooled: int  # files that only the dead process's spool has
    objects: set[str]  # of those in flight: an object, made by this try
    receipts: list[Receipt]  # of the dead process's epoch


@dataclass(slots=True)
class Report:
    """All kills of a run."""

    killed: Counter[str] = field(default_factory=Counter)
    deaths: list[Death] = field(default_factory=list)

    def steps(self, attempts: Sequence[Attempt], events: Sequence[Said]) -> Counter[str]:
        """How many instances were in which step when their process was killed."""
        found = Counter(dict.fromkeys(STEPS, 0))
        by_lane = told(events)
        acknowledged_s = {a.sop: a.ended_s for a in attempts if a.outcome == "acknowledged"}
        lost = {(a.sop, a.study, a.began_s) for a in attempts if a.outcome == "lost"}
        ended_s = {(a.sop, a.began_s): a.ended_s for a in attempts}
        for death in self.deaths:
            found[STEPS[0]] += death.spooled
            received = {receipt.sop for receipt in death.receipts}
            for sop, _, began_s in death.tries & lost:
                if ended_s[sop, began_s] < death.at_s - 0.5:
                    continue  # lost to an earlier death
                if sop in received:
                    found[STEPS[2]] += 1
                elif sop in death.objects:
                    found[STEPS[1]] += 1
            for receipt in death.receipts:
                if acknowledged_s.get(receipt.sop, float("inf")) > death.at_s + 0.05:
                    continue  # acknowledged to a later try
                said = naming(receipt, by_lane)
                is_late = all(event.at_s > death.at_s for event in said)
                found[STEPS[3] if is_late else STEPS[4]] += 1
        return found


class Killer:
    """Kills what it is told to, by name; "supervisor" ends everything, and everything is started again."""

    def __init__(self, platform: Platform, report: Report) -> None:
        self._platform = platform
        self._report = report
        self._buried: set[str] = set()  # epochs of processes that died before

    def kill(self, name: str, sending: Sending) -> None:
        self._report.killed[name] += 1
        if name == "supervisor":
            self._platform.kill_supervisor()
            self._platform.start()
        elif name in RECEIVERS:
            self._kill_receiver(name, sending)
        else:
            self._platform.kill(name)

    def aim(self, step: str, sending: Sending) -> None:
        """Kill ingest by a signal at one of the system calls that bound a step, some calls from now."""
        self._report.killed["ingest"] += 1
        pid = self._platform.pid("ingest")
        call, *path = AIMS[step]
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid), "-e", f"trace={call}"]
        command += ["-e", f"inject={call}:signal=KILL:when=5"]
        for pattern in path:
            newest = max(
                (self._platform.archive / "journal").rglob(pattern), key=journal_files.written_ns
            )
            command += ["-P", str(newest)]
        with self._platform.held_still():
            spool, before = spool_of(pid), _candidates(sending, "dimse")
            tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                poll(lambda: not is_running(pid) or sending.is_over, 30)
            finally:
                tracer.kill()
                tracer.wait()
            self._look("ingest", time.time(), spool, before, sending)

    def _kill_receiver(self, name: str, sending: Sending) -> None:
        """The supervisor is held still meanwhile, so that the next process does not tidy up before we looked."""
        pid = self._platform.pid(name)
        with self._platform.held_still():
            spool, before = spool_of(pid), _candidates(sending, _way(name))
            at_s = time.time()
            self._platform.kill(name)
            self._look(name, at_s, spool, before, sending)

    def _look(
        self, name: str, at_s: float, spool: Path | None, before: set[Try], sending: Sending
    ) -> None:
        tries = before | _candidates(sending, _way(name))
        objects = set()
        for sop, study, began_s in tries:
            folder = self._platform.archive / "instances" / study
            if any(path.stat().st_ctime > began_s for path in folder.glob(f"*/{sop}~*")):
                objects.add(sop)
        received = [
            receipt
            for receipt in journal_files.receipts(
                journal_files.newest(self._platform.archive, name)
            )
            if receipt.line.epoch not in self._buried
        ]
        self._buried |= {receipt.line.epoch for receipt in received}
        death = Death(name, at_s, tries, spooled(spool), objects, received)
        self._report.deaths.append(death)


def _way(name: str) -> str:
    return "dimse" if name == "ingest" else "stow"


def _candidates(sending: Sending, way: str) -> set[Try]:
    """What is under way now, or was lost just now: a sender may notice a death before we do."""
    found = {
        (sending.maker.sop_uid(item.study, item.number), sending.maker.study_uid(item.study), began)
        for item, its_way, began in list(sending.in_flight.values())
        if its_way == way
    }
    for attempt in sending.attempts[-RECENT:]:
        if attempt.outcome == "lost" and attempt.way == way:
            found.add((attempt.sop, attempt.study, attempt.began_s))
    return found


def plan(rng: random.Random, victims: Sequence[str], total: int) -> list[tuple[int, str]]:
    """When to kill whom: after so many acknowledged instances, in order."""
    moments = sorted(rng.randrange(total // 50, total * 9 // 10) for _ in victims)
    shuffled = list(victims)
    rng.shuffle(shuffled)
    return list(zip(moments, shuffled, strict=True))


def carry_out(
    planned: Sequence[tuple[int, str]], killer: Killer, sending: Sending, rng: random.Random
) -> None:
    """Kill while it sends, each at its moment and a random while later."""
    for moment, name in planned:
        while sending.acknowledged < moment and not sending.is_over:
            time.sleep(0.0005)
        time.sleep(rng.random() * 0.02)
        killer.kill(name, sending)


def spool_of(pid: int) -> Path | None:
    """The process's own folder, found by the lock it holds."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = entry.readlink()
        except OSError:
            continue
        if target.parent.name == ".spool" and target.suffix == ".lock":
            return target.with_suffix("")
    return None


def spooled(spool: Path | None) -> int:
    """Files with a name in the spool alone, and with something in them."""
    if spool is None:
        return 0
    found = [path.stat() for path in spool.glob("*.part")]
    return sum(status.st_nlink == 1 and status.st_size > 0 for status in found)

"""What a tree of processes costs: processor time and memory, as the kernel counts them."""

import os
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(pid: int) -> list[int]:
    """The process and all its descendants that live now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (OSError, ValueError, IndexError):
                continue
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def children(pid: int, *arguments: str) -> list[int]:
    """Those below it that were started with these arguments at the end of their command line."""
    found = []
    for member in tree(pid):
        try:
            command = Path(f"/proc/{member}/cmdline").read_text().rstrip("\0").split("\0")
        except OSError:
            continue
        if tuple(command[-len(arguments) :]) == arguments:
            found.append(member)
    return found


def cpu_s(pid: int) -> float:
    """User and system seconds of the tree so far (those of ended children counted by their parents)."""
    total = 0
    for member in tree(pid):
        try:
            fields = _stat(member)
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS_PER_S


class Busy:
    """How much of the machine was used since this was made."""

    def __init__(self) -> None:
        self._idle, self._all = self._ticks()

    def share(self) -> float:
        """From 0, all cores idle or waiting for a disk, to 1."""
        idle, all_of_it = self._ticks()
        return 1 - (idle - self._idle) / max(1, all_of_it - self._all)

    @staticmethod
    def _ticks() -> tuple[int, int]:
        fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return fields[3] + fields[4], sum(fields)


def peak_rss_mb(pid: int) -> dict[int, float]:
    """Peak resident memory without file mappings' help: VmHWM of each process of the tree, MB."""
    peaks = {}
    for member in tree(pid):
        try:
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
        except OSError:
            continue
        peaks[member] = next(
            (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0
        )
    return peaks


def anonymous_mb(pid: int) -> dict[int, float]:
    """Memory now that is not a mapped file (RssAnon), by process, MB."""
    found = {}
    for member in tree(pid):
        try:
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
        except OSError:
            continue
        found[member] = next(
            (int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0
        )
    return found

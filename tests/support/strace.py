"""A program's system calls on files, as strace wrote them (`-f -xx`), and what they did to a simulated disk."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.simulated_disk import Node, SimulatedDisk

CALLS = "openat,mkdir,write,pwrite64,fdatasync,fsync,rename,link,unlink,close,ftruncate"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$")
_RESULT = re.compile(r"^(.*?)\)? *= (-?\d+)[^=]*$")
_ARGUMENT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?|([^,\s][^,]*)')
SYNCS = frozenset({"fsync", "fdatasync"})


@dataclass(frozen=True)
class Step:
    """One call, or for a sync its beginning (`result` None) and its end."""

    name: str
    arguments: tuple[str | bytes, ...]
    result: int | None
    thread: int

    def text(self, index: int) -> str:
        value = self.arguments[index]
        return value.decode() if isinstance(value, bytes) else value

    def content(self, index: int) -> bytes:
        value = self.arguments[index]
        assert isinstance(value, bytes)
        return value


def trace(command: Sequence[str], output: Path, environment: dict[str, str]) -> list[Step]:
    strace = ["strace", "-f", "-xx", "-s", str(1 << 22), "-e", f"trace={CALLS}", "-o", str(output)]
    subprocess.run([*strace, *command], check=True, env={**os.environ, **environment}, timeout=60)
    return list(parse(output.read_text().splitlines()))


def parse(lines: Sequence[str]) -> Iterator[Step]:
    begun: dict[int, str] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        thread, name, rest = int(found[1]), found[2], found[3]
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>")
            if name in SYNCS:
                yield Step(name, _arguments(begun[thread]), None, thread)
            continue
        is_resumed = thread in begun
        result = _RESULT.match(begun.pop(thread, "") + rest)
        if result is None:
            continue
        arguments = _arguments(result[1])
        if name in SYNCS and not is_resumed:
            yield Step(name, arguments, None, thread)
        yield Step(name, arguments, int(result[2]), thread)


def _arguments(text: str) -> tuple[str | bytes, ...]:
    found: list[str | bytes] = []
    for string, word in _ARGUMENT.findall(text):
        found.append(word.strip() if word else bytes.fromhex(string.replace("\\x", "")))
    return tuple(found)


class Replay:
    """Does to a simulated disk what the traced program did below `top`; its writes to `acks` are collected."""

    def __init__(self, top: Path, acks: Path) -> None:
        self.disk = SimulatedDisk()
        self.acknowledged: list[str] = []
        self._top = str(top)
        self._acks = str(acks)
        self._fds: dict[int, int | str] = {}
        self._syncing: dict[int, tuple[Node, int]] = {}
        for folder in [*reversed(top.parents), top]:
            if str(folder) != "/":
                self.disk.make_folder(str(folder))
                self.disk.sync_folder(str(folder.parent))

    def apply(self, step: Step, *, is_left_out: bool = False) -> bool:
        """Returns whether an acknowledgement was given, or a sync begun that had something to do."""
        if step.name in SYNCS:
            return self._sync(step, is_left_out)
        if step.result is None or step.result < 0:
            return False
        before = len(self.acknowledged)
        getattr(self, f"_{step.name}")(step)
        return len(self.acknowledged) > before

    def target(self, step: Step) -> str:
        """What a sync is of: a folder's path, or the open file; empty when it is none of ours."""
        opened = self._fds.get(int(step.text(0))) if step.name in SYNCS else None
        return f"file {opened}" if isinstance(opened, int) else opened or ""

    def _sync(self, step: Step, is_left_out: bool) -> bool:
        target = self._fds.get(int(step.text(0)))
        if target is None or is_left_out:
            return False
        if step.result is None:
            self._syncing[step.thread] = self.disk.begin_sync(target)
            return self._syncing[step.thread][1] > 0
        assert step.result == 0
        self.disk.end_sync(*self._syncing.pop(step.thread))
        return False

    def _openat(self, step: Step) -> None:
        path, assert_fd = step.text(1), step.result
        if assert_fd is None or not path.startswith(self._top):
            return
        flags = sum(getattr(os, name, 0) for name in step.text(2).split("|"))
        if path == self._acks or flags & os.O_DIRECTORY:
            self._fds[assert_fd] = path
        else:
            self._fds[assert_fd] = self.disk.open(path, flags)

    def _close(self, step: Step) -> None:
        opened = self._fds.pop(int(step.text(0)), None)
        if isinstance(opened, int):
            self.disk.close(opened)

    def _write(self, step: Step) -> None:
        opened = self._fds.get(int(step.text(0)))
        if opened == self._acks:
            self.acknowledged.append(step.content(1).decode().strip())
        elif isinstance(opened, int):
            assert step.result == len(step.content(1))
            self.disk.write(opened, step.content(1))

    def _pwrite64(self, step: Step) -> None:
        opened = self._fds.get(int(step.text(0)))
        if isinstance(opened, int):
            assert step.result == len(step.content(1))
            self.disk.pwrite(opened, step.content(1), int(step.text(3)))

    def _ftruncate(self, step: Step) -> None:
        opened = self._fds.get(int(step.text(0)))
        if isinstance(opened, int):
            self.disk.truncate(opened, int(step.text(1)))

    def _mkdir(self, step: Step) -> None:
        if self._is_ours(step):
            self.disk.make_folder(step.text(0))

    def _link(self, step: Step) -> None:
        if self._is_ours(step):
            self.disk.link(step.text(0), step.text(1))

    def _rename(self, step: Step) -> None:
        if self._is_ours(step):
            self.disk.rename(step.text(0), step.text(1))

    def _unlink(self, step: Step) -> None:
        if self._is_ours(step):
            self.disk.unlink(step.text(0))

    def _is_ours(self, step: Step) -> bool:
        return step.text(0).startswith(self._top)


def python(module: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment that run a module of this repository."""
    top = Path(__file__).parents[2]
    path = os.pathsep.join((str(top / "services"), str(top)))
    return [sys.executable, "-m", module, *arguments], {"PYTHONPATH": path}

"""A disk that forgets what was not synced: a model of what POSIX lets a file system lose when the power goes.

* Writes that were not followed by a sync of their file may each be there, not be there, or be torn.
* Names (made, linked, renamed, removed) that were not followed by a sync of their folder may each be there or not, in
  any combination that keeps the order of changes of one name. A rename inside one folder is one change.
* A folder is only there if its own name is, up to the root.

`SimulatedDisk` takes the place of `adapters.disk.Disk`; `after_power_cut` gives one disk that may be found afterwards.
"""

import errno
import itertools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from isocenter.adapters.disk import Disk, Status


class PowerCut(BaseException):
    """The machine is off. Nothing catches it by accident."""


class Fate(Protocol):
    """Decides what survives."""

    def keeps(self) -> bool: ...

    def tears_at(self, size: int) -> int:
        """How many of a write's first bytes arrived; `size` for all."""
        ...


@dataclass(eq=False)
class File:
    inode: int
    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)  # None: cut to that size
    changed_ms: int = 0

    def write(self, offset: int, data: bytes) -> None:
        _apply(self.content, offset, data)
        self.pending.append((offset, data))

    def cut(self, size: int) -> None:
        _apply(self.content, size, None)
        self.pending.append((size, None))

    def sync(self, count: int) -> None:
        """The first `count` pending changes are durable."""
        durable = bytearray(self.durable)
        for offset, data in self.pending[:count]:
            _apply(durable, offset, data)
        self.durable = bytes(durable)
        del self.pending[:count]

    def survivor(self, fate: Fate) -> "File":
        content = bytearray(self.durable)
        for offset, data in self.pending:
            if not fate.keeps():
                continue
            _apply(content, offset, data if data is None else data[: fate.tears_at(len(data))])
        return File(self.inode, content, bytes(content))


@dataclass(eq=False)
class Folder:
    inode: int
    names: "dict[str, File | Folder]" = field(default_factory=dict)
    durable: "dict[str, File | Folder]" = field(default_factory=dict)
    pending: "list[dict[str, File | Folder | None]]" = field(default_factory=list)

    def change(self, change: "dict[str, File | Folder | None]") -> None:
        _rename(self.names, change)
        self.pending.append(change)

    def sync(self, count: int) -> None:
        for change in self.pending[:count]:
            _rename(self.durable, change)
        del self.pending[:count]

    def survivor(self, fate: Fate, known: "dict[int, File]") -> "Folder":
        names = dict(self.durable)
        lost: set[str] = set()
        for change in self.pending:
            if lost.isdisjoint(change) and fate.keeps():
                _rename(names, change)
            else:
                lost.update(change)
        after = {name: _survivor(node, fate, known) for name, node in names.items()}
        return Folder(self.inode, after, dict(after))


Node = File | Folder


def _survivor(node: Node, fate: Fate, known: dict[int, File]) -> Node:
    if isinstance(node, Folder):
        return node.survivor(fate, known)
    if node.inode not in known:  # a file with two names is one file
        known[node.inode] = node.survivor(fate)
    return known[node.inode]


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    if data:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


def _rename(names: dict[str, Node], change: dict[str, Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


@dataclass
class _Open:
    node: File
    position: int
    appends: bool


class SimulatedDisk(Disk):
    """Everything below `/`. `steps` counts what changes something; before step `cut_at` the power goes."""

    def __init__(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self._inodes = itertools.count(2)
        self._root = Folder(1)
        self._open: dict[int, _Open] = {}
        self._fds = itertools.count(3)
        self._locks: dict[int, int] = {}
        self._lock = threading.RLock()
        self._now_ms = now_ms
        self.steps = 0
        self.cut_at: int | None = None

    def after_power_cut(self, fate: Fate) -> "SimulatedDisk":
        """One of the disks that may be found when the power is back."""
        other = SimulatedDisk(self._now_ms)
        other._inodes = self._inodes
        other._root = self._root.survivor(fate, {})
        return other

    def kill_process(self) -> None:
        """Descriptors and locks go, the page cache stays."""
        self._open.clear()
        self._locks.clear()
        self.cut_at = None

    def open(self, path: str, flags: int) -> int:
        with self._lock:
            folder, name = self._place(path)
            node = folder.names.get(name)
            if node is not None and flags & os.O_EXCL:
                raise FileExistsError(errno.EEXIST, path)
            if node is None:
                node = self._create(folder, name, path, flags)
            if isinstance(node, Folder):
                raise IsADirectoryError(errno.EISDIR, path)
            fd = next(self._fds)
            self._open[fd] = _Open(node, 0, bool(flags & os.O_APPEND))
            return fd

    def close(self, fd: int) -> None:
        with self._lock:
            node = self._open.pop(fd).node
            if self._locks.get(node.inode) == fd:
                del self._locks[node.inode]

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        with self._lock:
            return bytes(self._file(fd).content[offset : offset + size])

    def write(self, fd: int, content: bytes | memoryview) -> None:
        with self._lock:
            self._step()
            place = self._open[fd]
            offset = len(place.node.content) if place.appends else place.position
            self._write(place.node, offset, bytes(content))
            place.position = offset + len(content)

    def pwrite(self, fd: int, content: bytes | memoryview, offset: int) -> None:
        with self._lock:
            self._step()
            self._write(self._file(fd), offset, bytes(content))

    def use_page_cache(self, fd: int) -> None:
        del fd

    def truncate(self, fd: int, size: int) -> None:
        with self._lock:
            self._step()
            self._file(fd).cut(size)

    def fdatasync(self, fd: int) -> None:
        self.end_sync(*self.begin_sync(fd))

    def sync_folder(self, path: str) -> None:
        self.end_sync(*self.begin_sync(path))

    def begin_sync(self, target: int | str) -> tuple[Node, int]:
        """What is pending now will be durable at the end; what comes in between will not."""
        with self._lock:
            self._step()
            node = self._file(target) if isinstance(target, int) else self._folder(target)
            return node, len(node.pending)

    def end_sync(self, node: Node, count: int) -> None:
        with self._lock:
            self._step()
            node.sync(min(count, len(node.pending)))

    def make_folder(self, path: str) -> None:
        with self._lock:
            self._step()
            folder, name = self._place(path)
            if name in folder.names:
                raise FileExistsError(errno.EEXIST, path)
            folder.change({name: Folder(next(self._inodes))})

    def link(self, path: str, new_path: str) -> None:
        with self._lock:
            self._step()
            node = self._find(path)
            folder, name = self._place(new_path)
            if name in folder.names:
                raise FileExistsError(errno.EEXIST, new_path)
            folder.change({name: node})

    def rename(self, path: str, new_path: str) -> None:
        with self._lock:
            self._step()
            node = self._find(path)
            old, name = self._place(path)
            new, new_name = self._place(new_path)
            if old is new:
                old.change({name: None, new_name: node})
            else:
                new.change({new_name: node})
                old.change({name: None})

    def unlink(self, path: str) -> None:
        with self._lock:
            self._step()
            self._find(path)
            folder, name = self._place(path)
            folder.change({name: None})

    def remove_folder(self, path: str) -> None:
        self.unlink(path)

    def status(self, path: str) -> Status:
        with self._lock:
            node = self._root if path == "/" else self._find(path)
            return _status(node)

    def open_status(self, fd: int) -> Status:
        with self._lock:
            return _status(self._file(fd))

    def names(self, path: str) -> list[tuple[str, bool]]:
        with self._lock:
            try:
                folder = self._folder(path)
            except (FileNotFoundError, NotADirectoryError):
                return []
            return [(name, isinstance(node, Folder)) for name, node in folder.names.items()]

    def lock(self, fd: int) -> bool:
        with self._lock:
            return self._locks.setdefault(self._file(fd).inode, fd) == fd

    def free_bytes(self, path: str) -> int:
        del path
        return 1 << 40

    def _write(self, node: File, offset: int, content: bytes) -> None:
        node.write(offset, content)
        node.changed_ms = self._now_ms()

    def _step(self) -> None:
        self.steps += 1
        if self.cut_at is not None and self.steps >= self.cut_at:
            raise PowerCut

    def _create(self, folder: Folder, name: str, path: str, flags: int) -> File:
        if not flags & os.O_CREAT:
            raise FileNotFoundError(errno.ENOENT, path)
        self._step()
        node = File(next(self._inodes), changed_ms=self._now_ms())
        folder.change({name: node})
        return node

    def _file(self, fd: int) -> File:
        return self._open[fd].node

    def _folder(self, path: str) -> Folder:
        node: Node = self._root
        for part in path.split("/"):
            if part:
                if not isinstance(node, Folder):
                    raise NotADirectoryError(errno.ENOTDIR, path)
                if part not in node.names:
                    raise FileNotFoundError(errno.ENOENT, path)
                node = node.names[part]
        if not isinstance(node, Folder):
            raise NotADirectoryError(errno.ENOTDIR, path)
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        folder, _, name = path.rpartition("/")
        return self._folder(folder), name

    def _find(self, path: str) -> Node:
        folder, name = self._place(path)
        if name not in folder.names:
            raise FileNotFoundError(errno.ENOENT, path)
        return folder.names[name]


def _status(node: Node) -> Status:
    if isinstance(node, Folder):
        return Status(node.inode, 0, True, 0)
    return Status(node.inode, len(node.content), False, node.changed_ms)

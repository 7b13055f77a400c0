"""Which generation serves: a small file that names it, replaced whole."""

import os
import re
from pathlib import Path
from typing import NamedTuple

POINTER = "current"
_NAME = re.compile(r"index-([0-9]{1,12})\.db", re.ASCII)
_FOLLOWERS = ("-wal", "-shm", "-journal")


class Serving(NamedTuple):
    """A generation's number and file; the inode tells it from another file of that name."""

    number: int
    path: Path
    device: int
    inode: int


def path_of(folder: Path, number: int) -> Path:
    """File of a generation."""
    return folder / f"index-{number}.db"


def number_of(path: Path) -> int | None:
    """Number of a generation's file, None for any other."""
    found = _NAME.fullmatch(path.name)
    return None if found is None else int(found[1])


def serving(folder: Path) -> Serving | None:
    """The generation that serves, or None when there is none or its file is gone."""
    try:
        path = folder / (folder / POINTER).read_text("ascii").strip()
        status = path.stat()
    except (OSError, ValueError):
        return None
    number = number_of(path)
    return None if number is None else Serving(number, path, status.st_dev, status.st_ino)


def same_file(opened: Serving) -> bool:
    """Tell whether the file behind a connection is still the one of that name."""
    try:
        status = opened.path.stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (opened.device, opened.inode)


def point_to(folder: Path, number: int) -> None:
    """Let a generation serve; durable on return."""
    fresh = folder / f"{POINTER}.new"
    with fresh.open("w", encoding="ascii") as file:
        file.write(path_of(folder, number).name)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / POINTER)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a generation's files. Who still has them open reads on."""
    for name in (path.name, *(path.name + follower for follower in _FOLLOWERS)):
        path.with_name(name).unlink(missing_ok=True)

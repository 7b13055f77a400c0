"""The folder where the processes of one machine meet: sockets, locks, and the token they show each other."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from isocenter.errors import Conflict, InvalidRequest

TOKEN_BYTES = 32
MAX_SOCKET_PATH = 90  # bytes; the kernel's limit is 108, and a service's name follows


def run_folder_of(data: Path) -> Path:
    """That of a platform on one machine: in its data folder, or, where that has too long a path, a temporary one."""
    inside = data / "run"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH:
        return inside
    name = f"isocenter-{os.getuid()}-{crc32(os.fsencode(data)):08x}"
    return Path(tempfile.gettempdir()) / name


def prepare(run_folder: Path) -> None:
    """Make the folder, open to its owner only; raises InvalidRequest when it belongs to somebody else."""
    run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if run_folder.stat().st_uid != os.getuid():
        raise InvalidRequest("the run folder belongs to another user")
    run_folder.chmod(0o700)


@contextmanager
def only_one(run_folder: Path, node: str) -> Iterator[None]:
    """Hold the process's name; raises Conflict when a running process has it. The kernel frees it at any death."""
    with (run_folder / f"{node}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict("a process of this name is running") from error
        yield


def rpc_token(run_folder: Path, given: str = "") -> str:
    """Return the shared token: the given one, else the one in the folder, made by whoever comes first."""
    if given:
        return given
    path = run_folder / "rpc.token"
    if not path.exists():
        fresh = run_folder / f"rpc.token.{secrets.token_hex(8)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(TOKEN_BYTES))
        try:
            path.hardlink_to(fresh)  # whole, and only when there is none yet
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()

"""Users, AE list and other files that people wrote, with a backup and out of it; secrets stay where they are."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from isocenter.errors import InvalidRequest
from isocenter.operations.manifest import File
from isocenter.ports.objects import ObjectStore, check_key

FOLDER = "config/"
MAX_BYTES = 16 << 20
MADE_ANEW = frozenset({"secrets.json"})  # secrets that each platform makes up for itself
SECRET_SUFFIXES = frozenset({".key", ".pem", ".p12", ".pfx", ".token"})


def back_up(folder: Path, store: ObjectStore) -> tuple[dict[str, File], list[str]]:
    """Copy what may be copied; gives it by key, and the names of what was left out.

    The users' file is copied: it holds passwords as argon2 hashes and tokens as digests.
    """
    copied: dict[str, File] = {}
    left_out: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_file() or path.name.startswith(".") or path.name in MADE_ANEW:
            continue
        if _is_left_out(path):
            left_out.append(path.name)
            continue
        content = path.read_bytes()
        store.put(FOLDER + path.name, content)
        copied[FOLDER + path.name] = File(len(content), hashlib.sha256(content).hexdigest())
    return copied, left_out


def restore(store: ObjectStore, files: Mapping[str, File], folder: Path) -> list[str]:
    """Write the files that are not there yet; gives the names of those that are, which stay as they are."""
    stayed: list[str] = []
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for key, file in files.items():
        if not key.startswith(FOLDER):
            continue
        path = folder / key.removeprefix(FOLDER)
        content = store.read(key, 0, file.size_bytes)
        try:
            with path.open("xb") as out:
                path.chmod(0o600)
                out.write(content)
        except FileExistsError:
            if path.read_bytes() != content:
                stayed.append(path.name)
    return stayed


def _is_left_out(path: Path) -> bool:
    try:
        check_key(FOLDER + path.name)
    except InvalidRequest:
        return True
    return path.suffix in SECRET_SUFFIXES or path.stat().st_size > MAX_BYTES

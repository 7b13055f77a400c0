"""Keys below a folder in the order of the whole key, which is not the order of the names in each folder."""

from collections.abc import Iterator

from isocenter.adapters.disk import Disk
from isocenter.ports.objects import ObjectInfo, check_key


def list_objects(disk: Disk, root: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
    """Objects whose key starts with `prefix`, greater than `after`, sorted; holds one folder per level in memory.

    Raises InvalidRequest when the prefix names a folder no key can be in.
    """
    start = prefix[: prefix.rfind("/") + 1]
    if start:
        check_key(start[:-1])
    yield from _walk(disk, root, start, prefix, after)


def _walk(disk: Disk, root: str, below: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
    for key in sorted(_keys(disk, root, below)):
        if key.endswith("/"):
            if _may_hold(key, prefix, after):
                yield from _walk(disk, root, key, prefix, after)
        elif key.startswith(prefix) and key > after:
            yield from _info(disk, root, key)


def _keys(disk: Disk, root: str, below: str) -> list[str]:
    """Keys in one folder; those of folders end in `/`, so that they sort where their content does."""
    names = disk.names(f"{root}/{below}")
    return [
        f"{below}{name}/" if folder else below + name
        for name, folder in names
        if not name.startswith(".")
    ]


def _may_hold(folder_key: str, prefix: str, after: str) -> bool:
    in_prefix = folder_key.startswith(prefix) or prefix.startswith(folder_key)
    return in_prefix and (folder_key > after or after.startswith(folder_key))


def _info(disk: Disk, root: str, key: str) -> Iterator[ObjectInfo]:
    try:
        yield ObjectInfo(key, disk.status(f"{root}/{key}").size_bytes)
    except FileNotFoundError:
        return  # deleted while we listed

"""An object as a file of this machine, for a process that is handed a path."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from isocenter.ports.objects import ObjectStore


@contextlib.contextmanager
def local_file(objects: ObjectStore, key: str) -> Iterator[Path]:
    """The file behind the object where there is one, else a copy for as long as the block runs; blocking."""
    path = objects.local_path(key)
    if path is not None:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="isocenter-") as copy:
        for chunk in objects.stream(key):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)

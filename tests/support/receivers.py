"""Foreign receivers, run as their users run them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import until_open


@contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[None]:
    """DCMTK's storescp, writing what it gets bit by bit."""
    folder.mkdir()
    command = ["storescp", "-od", str(folder), "+B", *options, str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_open(port)
            yield
        finally:
            process.terminate()

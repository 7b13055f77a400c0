"""Run a service from a copy of its code that Tilt writes into, and start it anew after each change.

`python -c THIS FOLDER COMMAND...` in a pod: the folder gets the image's code first. The pod lives on, so no port
forward is lost and nothing but the process starts again.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "isocenter"
LOOK_EVERY_S = 0.3


def copy_code(folder: Path) -> None:
    """What the image has, where it can be changed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed here")
    if not (folder / PACKAGE).exists():
        shutil.copytree(Path(spec.origin).parent, folder / PACKAGE, symlinks=True)


def stamp(folder: Path) -> int:
    """When Tilt last wrote; 0 before."""
    changed = folder / "changed"
    return changed.stat().st_mtime_ns if changed.exists() else 0


def main() -> int:
    """Until told to stop, or until the service ends by itself; how it ended is told as a shell would."""
    folder, command = Path(sys.argv[1]), sys.argv[2:]
    copy_code(folder)
    environment = {**os.environ, "PYTHONPATH": str(folder)}  # noqa: TID251  (handed on)
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    while True:
        seen = stamp(folder)
        process = subprocess.Popen(command, env=environment)  # noqa: S603  (the image's own)
        while process.poll() is None and not asked and stamp(folder) == seen:
            time.sleep(LOOK_EVERY_S)
        if process.poll() is not None and stamp(folder) == seen:
            break
        process.terminate()
        process.wait()
        if asked:
            break
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main())

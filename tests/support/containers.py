"""The image that is shipped, and processes in containers of it: root read-only, no capabilities, the image's user.

runc of Debian runs them, without a daemon; they share this machine's network, so tests reach them by loopback.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
NAME = "localhost/isocenter:dev"
TOOLS = ("buildah", "debootstrap", "runc", "node", "npm")
_SHARED = "network"  # everything else is the container's own
_serial = count()


def missing() -> str:
    """Why no image can be built here, or nothing; in CI that is no excuse."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    reason = f"images need {', '.join(absent)}" if absent else ""
    if os.geteuid():
        reason = "images are built and run by root"
    if reason and "CI" in os.environ:
        raise RuntimeError(reason)
    return reason


def script(name: str, *words: str) -> str:
    """Run one of the scripts that build images; what it says goes to the test's output."""
    done = subprocess.run([IMAGES / name, *words], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{name} failed"
    return done.stdout.strip()


@dataclass(frozen=True)
class Image:
    """Built, and its root mounted; `root` is a copy on write that all containers of a test run share, read-only."""

    archive: Path
    config: dict[str, Any]
    root: Path

    @property
    def bill(self) -> dict[str, Any]:
        """What lies inside, as the build said (CycloneDX)."""
        told: dict[str, Any] = json.loads(self.archive.with_suffix(".cdx.json").read_text())
        return told


@contextmanager
def built() -> Iterator[Image]:
    """Build the image of this checkout, unless it is built already, and mount it."""
    archive = script("isocenter.sh").splitlines()[-1]
    config = json.loads(script("root.sh", "config", NAME))["OCIv1"]["config"]
    container, root = script("root.sh", "mount", NAME).splitlines()
    try:
        yield Image(Path(archive), config, Path(root))
    finally:
        script("root.sh", "unmount", container)


@dataclass(frozen=True)
class Bundle:
    """What runc reads to start one container, and the folders of this machine that it sees as its own."""

    folder: Path
    name: str

    def command(self) -> list[str]:
        return [
            "runc",
            "--root",
            str(self.folder / "state"),
            "run",
            "-b",
            str(self.folder),
            self.name,
        ]


def bundle(
    image: Image,
    folder: Path,
    command: list[str],
    environment: Mapping[str, str] | None = None,
    mounts: Mapping[str, Path] | None = None,
    user: int | None = None,
) -> Bundle:
    """Write a container's configuration as Kubernetes would: hardened, with /tmp and `mounts` to write to."""
    folder.mkdir(parents=True)
    subprocess.run(["runc", "spec", "--bundle", folder], check=True)
    path = folder / "config.json"
    spec = json.loads(path.read_text())
    uid, _, gid = image.config["User"].partition(":")
    variables = dict(one.split("=", 1) for one in image.config["Env"]) | dict(environment or {})
    spec["root"] = {"path": str(image.root), "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": int(uid), "gid": int(gid)} if user is None else {"uid": user, "gid": user},
        "args": command,
        "cwd": image.config["WorkingDir"],
        "env": [f"{name}={value}" for name, value in variables.items()],
        "capabilities": {},
        "noNewPrivileges": True,
    }
    namespaces = spec["linux"]["namespaces"]
    spec["linux"]["namespaces"] = [one for one in namespaces if one["type"] != _SHARED]
    spec["mounts"].append(
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}  # noqa: S108
    )
    for destination, source in (mounts or {}).items():
        os.chown(source, int(uid), int(gid))
        spec["mounts"].append(
            {"destination": destination, "type": "bind", "source": str(source), "options": ["bind"]}
        )
    path.write_text(json.dumps(spec))
    return Bundle(folder, f"isocenter-test-{os.getpid()}-{next(_serial)}")


def run(image: Image, folder: Path, *command: str, **told: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a container to its end."""
    container = bundle(image, folder / f"c{next(_serial)}", list(command), **told)
    return subprocess.run(
        container.command(), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def serving(
    image: Image, folder: Path, service: str, environment: Mapping[str, str], data: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """`isocenter serve SERVICE` in a container, told to stop at the end of the block if it still runs."""
    command = [*image.config["Entrypoint"], "serve", service]
    container = bundle(image, folder, command, environment, {image.config["WorkingDir"]: data})
    with (folder / "console.log").open("wb") as log:
        process = subprocess.Popen(container.command(), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()  # runc hands it on
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

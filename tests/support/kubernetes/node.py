"""One node with real pods: kubelet, containerd, kube-proxy and CoreDNS in namespaces of their own, and our images."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.kubernetes.cluster import SCRIPTS, Cluster, excuse, missing, programs
from tests.support.kubernetes.control_plane import started
from tests.support.kubernetes.images import link_images
from tests.support.poll import poll

NEEDED = ("unshare", "nsenter", "containerd", "runc", "iptables", "conntrack", "buildah", "ip")
OWN = ["-m", "-n", "-p", "-f", "--mount-proc", "--propagation", "private", "--kill-child=KILL"]
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Node(Cluster):
    """A cluster whose pods run; `init` is the first process of its namespaces."""

    init: int = 0


def lacking() -> str:
    """Why no pod can run here, or nothing; in CI that is no excuse."""
    if reason := missing():
        return reason
    if os.geteuid() != 0:
        return excuse("pods run as root only")
    tools = [tool for tool in NEEDED if shutil.which(tool) is None]
    return excuse(f"pods need {', '.join(tools)}: make setup, as root") if tools else ""


def first_process(unshare: int) -> int:
    """The only child of `unshare`."""
    children = Path(f"/proc/{unshare}/task/{unshare}/children").read_text()
    return int(children.split()[0])


def forget_cgroups() -> None:
    """Remove what the kubelet leaves in the machine's cgroups once nothing runs in them."""
    for name in ("kubepods", "k8s.io"):
        for top in (*CGROUPS.glob(name), *CGROUPS.glob(f"*/{name}")):
            subprocess.run(
                ["find", str(top), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"],
                check=False,
                capture_output=True,
            )


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """One for all tests."""
    if reason := lacking():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="isocenter-node-"))
    folder.chmod(0o755)  # pods of other users read their volumes below it
    state = folder / "state"
    state.mkdir()
    told = {"DIR": str(state), "BIN": str(programs()), "IMAGES": str(link_images(folder))}
    command = ["unshare", *OWN, "bash", str(SCRIPTS / "node.sh")]
    init = 0
    try:
        with started(state, command, {**os.environ, **told}) as unshare:
            init = first_process(unshare)
            within = ("nsenter", "-t", str(init), "-m", "-n", "-p")
            yield Node(state, within, init)
    finally:
        if init:  # the last of its namespaces to go
            poll(lambda: not Path(f"/proc/{init}").exists(), within_s=60)
        forget_cgroups()
        shutil.rmtree(folder, ignore_errors=True)

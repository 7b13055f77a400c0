"""A real control plane whose nodes are simulated: what is asked of it is checked, scheduled and reported, not run."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.kubernetes.cluster import SCRIPTS, Cluster, missing, programs
from tests.support.poll import poll
from tests.support.ports import free_port

PORTS = ("API", "ETCD", "ETCD_PEER", "CONTROLLERS", "SCHEDULER", "KWOK")
START_WITHIN_S = 180.0


def told(folder: Path) -> dict[str, str]:
    """What the script that starts it is told."""
    ports = {f"{name}_PORT": str(free_port()) for name in PORTS}
    return {**os.environ, **ports, "DIR": str(folder), "BIN": str(programs())}


@contextmanager
def started(folder: Path, command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """A cluster's script, until it says that it is ready; gives its process id and ends it afterwards.

    By SIGKILL: all that it has started ends with it, and `unshare` ignores any other.
    """
    log = folder / "script.log"
    with log.open("w") as out:
        command = ["setpriv", "--pdeathsig", "KILL", *command]  # a killed run leaves none behind
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        poll(
            lambda: (folder / "ready").exists() or process.poll() is not None,
            within_s=START_WITHIN_S,
        )
        if process.poll() is not None:
            pytest.fail(f"the cluster did not start: {log.read_text()[-2000:]}")
        yield process.pid
    finally:
        process.kill()
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def simulated_cluster() -> Iterator[Cluster]:
    """One for all tests, with the kinds that the chart may make beside Kubernetes' own."""
    if reason := missing():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="isocenter-kubernetes-"))
    try:
        with started(folder, ["bash", str(SCRIPTS / "control_plane.sh")], told(folder)):
            cluster = Cluster(folder)
            cluster.kubectl("apply", "--server-side", "--filename", programs() / "crds")
            cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)

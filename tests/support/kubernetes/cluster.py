"""A cluster to ask: kubectl and helm, as an administrator."""

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.charts.tools import SERVERS
from tests.support.charts.tools import folder as chart_tools

SCRIPTS = SERVERS / "kubernetes"
PATIENCE_S = 400


class Refused(Exception):
    """What kubectl or helm said instead of doing it."""


@functools.cache
def programs() -> Path:
    """Where the programs of Kubernetes are, whether they are there or not."""
    asked = [str(SERVERS / "kubernetes.sh"), "--where"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def missing() -> str:
    """Why there can be no cluster here, or nothing; in CI that is no excuse."""
    for folder in (programs(), chart_tools()):
        if not (folder / "installed").exists():
            return excuse(
                "Kubernetes is not installed: tests/support/servers/kubernetes.sh, with Go"
            )
    return ""


def excuse(reason: str) -> str:
    """A reason to leave tests out, except in CI."""
    if "CI" in os.environ:
        raise RuntimeError(reason)
    return reason


@dataclass(frozen=True)
class Cluster:
    """Where it keeps its state; `within` are words in front of each command, where it has a network of its own."""

    folder: Path
    within: tuple[str, ...] = ()

    def run(self, *words: object, given: str = "") -> str:
        """Run a program against it; raises Refused with what it said."""
        access = ("env", f"KUBECONFIG={self.folder}/admin.conf", f"HOME={self.folder}")
        done = subprocess.run(
            [*self.within, *access, *map(str, words)],
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise Refused(f"{words[0]} {words[1]}: {done.stderr[-4000:]}{done.stdout[-2000:]}")
        return done.stdout

    def kubectl(self, *words: object, given: str = "") -> str:
        """What kubectl answers."""
        return self.run(programs() / "hyperkube", "kubectl", *words, given=given)

    def helm(self, *words: object) -> str:
        """What helm answers."""
        return self.run(chart_tools() / "helm", *words)

    def items(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """All things of a kind."""
        answer = self.kubectl("get", kind, "--namespace", namespace, "--output", "json")
        items: list[dict[str, Any]] = json.loads(answer)["items"]
        return items

    def names(self, kind: str, namespace: str) -> list[str]:
        """Names of all things of a kind, in order."""
        return sorted(item["metadata"]["name"] for item in self.items(kind, namespace))

    def make_namespace(self, name: str) -> None:
        """A namespace in which only hardened pods are let in."""
        self.kubectl("create", "namespace", name)
        enforced = "pod-security.kubernetes.io/enforce=restricted"
        self.kubectl("label", "namespace", name, enforced)

"""The chart installed on a node, and its doors: what a scanner and a browser are told, nothing from behind."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support.charts.tools import CHART
from tests.support.kubernetes.credentials import make_secrets
from tests.support.kubernetes.node import Node
from tests.support.kubernetes.relay import door

VALUES = Path(__file__).parents[2] / "kubernetes" / "site.yaml"
PRESENT_VALUES = VALUES.with_name("site-present.yaml")  # of what an earlier chart does not know
RELEASE = "north"
FULL = f"{RELEASE}-isocenter"
WITHIN = "360s"


@dataclass(frozen=True)
class Site:
    """One release, running; its ports are of this machine's loopback."""

    node: Node
    namespace: str
    token: str
    dicom_port: int
    http_port: int

    def change(self, verb: str, *options: object, chart: Path = CHART) -> str:
        """Install or upgrade it, and wait until all of it is ready."""
        values = (VALUES, PRESENT_VALUES) if chart == CHART else (VALUES,)
        told = [word for path in values for word in ("--values", path)]
        where = ("--namespace", self.namespace, *told)
        waiting = ("--wait", "--wait-for-jobs", "--timeout", WITHIN)
        return self.node.helm(verb, RELEASE, chart, *where, *waiting, *options)

    def pods(self, part: str) -> dict[str, str]:
        """Names and unique ids of the pods of a part."""
        return {
            pod["metadata"]["name"]: pod["metadata"]["uid"]
            for pod in self.node.items("pods", self.namespace)
            if pod["metadata"]["labels"].get("app.kubernetes.io/component") == part
        }

    def reader(self) -> httpx.Client:
        """A client of the reading service's address."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.http_port}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            trust_env=False,
        )


def address(node: Node, namespace: str, service: str) -> str:
    """The address that a service has in the cluster."""
    path = "jsonpath={.spec.clusterIP}"
    return node.kubectl("get", "service", service, "-n", namespace, "-o", path).strip()


@contextmanager
def installed(
    node: Node, namespace: str, folder: Path, *options: object, chart: Path = CHART
) -> Iterator[Site]:
    """The chart in a namespace of its own; told what went wrong where it does not become ready."""
    node.make_namespace(namespace)
    made = make_secrets(node, namespace, folder)
    site = Site(node, namespace, made.token, 0, 0)
    try:
        site.change("install", *options, chart=chart)
    except Exception as error:
        raise AssertionError(f"{error}\n{state(node, namespace)}") from error
    with ExitStack() as doors:
        ports = [
            doors.enter_context(door(node.init, address(node, namespace, f"{FULL}-{name}"), port))
            for name, port in (("dicom", 11112), ("streaming-http", 8080))
        ]
        yield Site(node, namespace, made.token, *ports)


def state(node: Node, namespace: str) -> str:
    """What there is and what happened last, for whoever reads a failure."""
    pods = node.kubectl("get", "pods", "-n", namespace, "-o", "wide")
    return pods + node.kubectl("events", "-n", namespace, "--types=Warning")[-4000:]

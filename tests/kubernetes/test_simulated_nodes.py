"""The chart on a real control plane: what it renders is accepted, and installed, changed, taken back and removed."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.support.charts.tools import CHART, Document, matrix, render
from tests.support.kubernetes.cluster import Cluster, Refused
from tests.support.kubernetes.credentials import make_secrets

pytestmark = pytest.mark.kubernetes
NUMBERS = count(1)
VALUES = Path(__file__).parent / "site.yaml"
WAITING = ("--wait", "--wait-for-jobs", "--timeout", "120s")


@pytest.fixture
def namespace(simulated_cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    name = f"t{next(NUMBERS)}"
    simulated_cluster.make_namespace(name)
    make_secrets(simulated_cluster, name, tmp_path)
    yield name
    simulated_cluster.kubectl("delete", "namespace", name, "--wait=false")


def install(cluster: Cluster, verb: str, namespace: str, *options: object) -> str:
    where = ("--namespace", namespace, "--values", VALUES)
    return cluster.helm(verb, "north", CHART, *where, *WAITING, *options)


def try_out(cluster: Cluster, namespace: str, *documents: Document) -> str:
    """What the server says of documents that it shall only judge."""
    strictly = ("--dry-run=server", "--validate=strict", "--namespace", namespace)
    whole = {"apiVersion": "v1", "kind": "List", "items": documents}
    return cluster.kubectl("apply", *strictly, "--filename", "-", given=json.dumps(whole))


@pytest.mark.parametrize("values", matrix(CHART), ids=lambda path: path.stem)
def test_the_server_takes_every_file_of_values_strictly(
    simulated_cluster: Cluster, namespace: str, values: Path
) -> None:
    documents = render(CHART, values).documents
    # a pod is judged by what is there already: that the last test installs
    judged = [document for document in documents if document["kind"] != "Pod"]
    assert try_out(simulated_cluster, namespace, *judged).count("created") == len(judged)


def test_a_pod_that_may_become_root_is_not_let_in(
    simulated_cluster: Cluster, namespace: str
) -> None:
    [pod] = render(CHART, VALUES).of_kind("Pod")
    pod["spec"]["serviceAccountName"] = "default"
    assert "created" in try_out(simulated_cluster, namespace, pod)
    for security in (pod["spec"], *pod["spec"]["containers"]):
        security["securityContext"]["runAsNonRoot"] = False
    with pytest.raises(Refused, match="violates PodSecurity"):
        try_out(simulated_cluster, namespace, pod)


def test_it_is_installed_tested_upgraded_rolled_back_and_removed(
    simulated_cluster: Cluster, namespace: str
) -> None:
    cluster = simulated_cluster

    def ingest_pods() -> int:
        return sum("-ingest-" in name for name in cluster.names("pods", namespace))

    assert "STATUS: deployed" in install(cluster, "install", namespace)
    assert ingest_pods() == 2
    assert "Phase:          Succeeded" in cluster.helm("test", "north", "--namespace", namespace)

    more = ("--set-json", 'services={"ingest": {"replicas": 3}}')
    assert "STATUS: deployed" in install(cluster, "upgrade", namespace, *more)
    assert ingest_pods() == 3
    cluster.helm("rollback", "north", 1, "--namespace", namespace, *WAITING)
    assert ingest_pods() == 2

    with pytest.raises(Refused, match="updates to statefulset spec"):
        install(cluster, "upgrade", namespace, "--set", "bundled.minio.storage=2Gi")

    kept = cluster.names("persistentvolumeclaims", namespace)
    cluster.helm("uninstall", "north", "--namespace", namespace, "--wait")
    assert cluster.names("statefulsets,services,jobs,networkpolicies", namespace) == []
    assert kept and cluster.names("persistentvolumeclaims", namespace) == kept

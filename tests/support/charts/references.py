"""References inside one rendering: what a schema cannot see and an API server does not refuse.

Names of things that are there before are the Secrets; the chart makes none.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.support.charts.pods import Pod, pods, selected
from tests.support.charts.tools import Document, Rendering, name_of

INSTANCE = "app.kubernetes.io/instance"  # what has it is part of a release
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


class References:
    """The names in one rendering and what refers to nothing."""

    def __init__(self, rendering: Rendering) -> None:
        self._documents = rendering.documents
        self._names = {(one["kind"], one["metadata"]["name"]) for one in self._documents}
        self._pods = pods(self._documents)

    def findings(self) -> Iterator[str]:
        """All that is wrong."""
        if len(self._names) != len(self._documents):
            yield "two documents have one kind and name"
        for pod in self._pods:
            for about in (self._maker, self._volumes, self._mounts, self._probes, self._variables):
                for text in about(pod):
                    yield f"{pod.name}: {text}"
        checks: dict[str, Callable[[Document], Iterator[str]]] = {
            "Service": self._service,
            "PodDisruptionBudget": self._budget,
            "NetworkPolicy": self._policy,
            "HorizontalPodAutoscaler": self._scaling,
            "ScaledObject": self._scaling,
            "Ingress": self._ingress,
            "HTTPRoute": self._route,
            "ServiceMonitor": self._monitor,
        }
        for document in self._documents:
            if document["kind"] in checks:
                for text in checks[document["kind"]](document):
                    yield f"{name_of(document)}: {text}"

    def _maker(self, pod: Pod) -> Iterator[str]:
        account = pod.spec.get("serviceAccountName", "default")
        if account != "default" and ("ServiceAccount", account) not in self._names:
            yield f"ServiceAccount {account} is not there"
        spec = pod.maker["spec"]
        if pod.maker["kind"] == "StatefulSet":
            if not spec["selector"]["matchLabels"].items() <= pod.labels.items():
                yield "the selector is not that of its own pods"
            if ("Service", spec["serviceName"]) not in self._names:
                yield f"Service {spec['serviceName']} is not there"

    def _volumes(self, pod: Pod) -> Iterator[str]:
        for volume in pod.spec.get("volumes", []):
            sources = volume.get("projected", {}).get("sources", [volume])
            for source in sources:
                name = source.get("configMap", {}).get("name")
                if name and ("ConfigMap", name) not in self._names:
                    yield f"ConfigMap {name} is not there"

    def _mounts(self, pod: Pod) -> Iterator[str]:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        claims = pod.maker["spec"].get("volumeClaimTemplates", [])
        volumes |= {claim["metadata"]["name"] for claim in claims}
        for container in pod.containers:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"volume {mount['name']} is not there"

    def _probes(self, pod: Pod) -> Iterator[str]:
        for container in pod.containers:
            ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            for probe in PROBES:
                for how in ("grpc", "httpGet", "tcpSocket"):
                    port = container.get(probe, {}).get(how, {}).get("port")
                    if port is not None and port not in (*ports, *ports.values()):
                        yield f"{probe} asks port {port}, which is not open"

    def _variables(self, pod: Pod) -> Iterator[str]:
        for container in pod.containers:
            names = [entry["name"] for entry in container.get("env", [])]
            yield from (
                f"{name} is set twice" for name in sorted({*names}) if names.count(name) > 1
            )

    def _service(self, service: Document) -> Iterator[str]:
        found = selected(self._pods, service["spec"].get("selector"))
        if not found:
            yield "selects no pod"
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            for pod in found:
                if target not in (*pod.ports, *pod.ports.values()):
                    yield f"port {target} is not open in {pod.name}"

    def _budget(self, budget: Document) -> Iterator[str]:
        found = selected(self._pods, budget["spec"]["selector"].get("matchLabels"))
        if not found:
            yield "selects no pod"

    def _policy(self, policy: Document) -> Iterator[str]:
        found = selected(self._pods, policy["spec"]["podSelector"].get("matchLabels"))
        if not found:
            yield "selects no pod"
        for rule in policy["spec"].get("ingress", []):
            yield from _closed(rule, found)
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", []):
                labels = peer.get("podSelector", {}).get("matchLabels", {})
                if INSTANCE in labels and "namespaceSelector" not in peer:
                    yield from _closed(rule, selected(self._pods, labels))

    def _scaling(self, scaling: Document) -> Iterator[str]:
        spec = scaling["spec"]
        target = (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        if target not in self._names:
            yield f"{'/'.join(target)} is not there"
        fewest = spec.get("minReplicas", spec.get("minReplicaCount", 1))
        if fewest > spec.get("maxReplicas", spec.get("maxReplicaCount", 1)):
            yield "at least is more than at most"
        for one in self._documents:
            if (one["kind"], one["metadata"]["name"]) == target and "replicas" in one["spec"]:
                yield "replicas are set too: each upgrade would undo the scaling"

    def _ingress(self, ingress: Document) -> Iterator[str]:
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield from self._backend(service["name"], service["port"])

    def _route(self, route: Document) -> Iterator[str]:
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                yield from self._backend(backend["name"], {"number": backend["port"]})

    def _backend(self, name: str, port: dict[str, Any]) -> Iterator[str]:
        services = [one for one in self._documents if name_of(one) == f"Service/{name}"]
        if not services:
            yield f"Service {name} is not there"
        for service in services:
            ports = service["spec"]["ports"]
            known = {*(one["name"] for one in ports), *(one["port"] for one in ports)}
            if not set(port.values()) <= known:
                yield f"Service {name} has no port {port}"

    def _monitor(self, monitor: Document) -> Iterator[str]:
        wanted = monitor["spec"]["selector"]["matchLabels"]
        found = [
            one
            for one in self._documents
            if one["kind"] == "Service" and wanted.items() <= one["metadata"]["labels"].items()
        ]
        if not found:
            yield "selects no Service"
        for endpoint in monitor["spec"]["endpoints"]:
            for service in found:
                if endpoint["port"] not in {port["name"] for port in service["spec"]["ports"]}:
                    yield f"{name_of(service)} has no port {endpoint['port']}"


def _closed(rule: dict[str, Any], found: list[Pod]) -> Iterator[str]:
    """Ports of a policy's rule that are open in none of the pods."""
    known = {key for pod in found for key in (*pod.ports, *pod.ports.values())}
    for port in rule.get("ports", []):
        if port["port"] not in known:
            yield f"port {port['port']} is open in none of the pods"

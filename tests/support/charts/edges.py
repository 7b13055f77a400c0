"""Who may speak with whom in a rendering's NetworkPolicies, compared with the graph of the services.

The graph is that of the architecture, written down here a second time on purpose: a line added to the values or to a
template opens nothing before somebody has said here that it should be open.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.support.charts.pods import COMPONENT, Pod, pods, selected
from tests.support.charts.tools import Document, Rendering, name_of

CALLS = {
    "ingest": {"streaming", "web"},
    "streaming": {"indexer", "transcoder"},
    "web": {"indexer", "transcoder"},
    "indexer": set[str](),
    "transcoder": set[str](),
}
"""gRPC: who asks whom."""
USES = {
    "ingest": {"OBJECTS", "INDEX", "BUS"},
    "indexer": {"OBJECTS", "INDEX", "BUS"},
    "web": {"OBJECTS", "INDEX", "BUS"},
    "streaming": {"OBJECTS", "INDEX"},
    "transcoder": {"OBJECTS", "INDEX", "BUS"},
    "prepare": {"OBJECTS", "INDEX", "BUS"},
}
"""Back-ends, by the word in the name of their URL; where spans go is open to all services."""
SERVERS = {"minio": ("OBJECTS", "s3"), "opensearch": ("INDEX", "http"), "nats": ("BUS", "bus")}
OUTSIDE_IN = {"dicom", "dicom-tls", "http", "metrics"}
TESTED = {"dicom", "http"}
NAMES_PORT = 53
PORT = re.compile(r":(\d+)")

Edge = tuple[str, str, str]
"""From, to, port; where it is not a part of the release: `outside`."""


def findings(rendering: Rendering) -> Iterator[str]:
    """Edges that are open and should not be, or the other way round; none where policies are switched off."""
    policies = rendering.of_kind("NetworkPolicy")
    if not policies:
        return
    all_pods = pods(rendering.documents)
    yield from _uncovered(policies, all_pods)
    parts = {pod.component: pod for pod in all_pods}
    inward = {edge for policy in policies for edge in _edges(policy, "ingress", "from", parts)}
    outward = {edge for policy in policies for edge in _edges(policy, "egress", "to", parts)}
    wanted = set(_inside(parts))
    for way, found in (("in", inward), ("out", outward)):
        between = {edge for edge in found if "outside" not in edge}
        yield from (f"open {way}: {_text(edge)}" for edge in sorted(between - wanted))
        yield from (f"closed {way}: {_text(edge)}" for edge in sorted(wanted - between))
    destinations = {("ingest", "outside", port) for port in _destination_ports(rendering)}
    yield from (f"closed out: {_text(edge)}" for edge in sorted(destinations - outward))
    for edge in sorted((inward | outward) - destinations):
        if not _is_outside_right(edge, parts):
            yield f"open: {_text(edge)}"


def _destination_ports(rendering: Rendering) -> set[str]:
    """Ports of the systems that a C-MOVE may send to."""
    lists = [
        document["data"]["ae.toml"]
        for document in rendering.of_kind("ConfigMap")
        if "ae.toml" in document.get("data", {})
    ]
    entries = [entry for text in lists for entry in tomllib.loads(text).get("ae", [])]
    return {str(entry["port"]) for entry in entries if "port" in entry}


def _text(edge: Edge) -> str:
    return f"{edge[0]} to {edge[1]}, port {edge[2]}"


def _uncovered(policies: list[Document], all_pods: list[Pod]) -> Iterator[str]:
    """Pods that no policy denies everything to begin with."""
    denying = [
        policy["spec"]["podSelector"].get("matchLabels")
        for policy in policies
        if set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not {"ingress", "egress"} & policy["spec"].keys()
    ]
    covered = [pod.name for selector in denying for pod in selected(all_pods, selector)]
    yield from (f"{pod.name}: not denied by default" for pod in all_pods if pod.name not in covered)
    for policy in policies:
        if set(policy["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
            yield f"{name_of(policy)}: leaves a direction open"


def _edges(policy: Document, way: str, far: str, parts: dict[str, Pod]) -> Iterator[Edge]:
    near = policy["spec"]["podSelector"]["matchLabels"].get(COMPONENT, "all")
    for rule in policy["spec"].get(way) or []:
        ports = [str(port.get("port", "any")) for port in rule.get("ports", [{}])]
        for peer in rule.get(far) or [{}]:
            other = _part_of(peer)
            source, target = (near, other) if way == "egress" else (other, near)
            names = {str(port): name for name, port in _ports(parts, target).items()}
            yield from ((source, target, names.get(port, port)) for port in ports)


def _ports(parts: dict[str, Pod], part: str) -> dict[str, int]:
    return parts[part].ports if part in parts else {}


def _part_of(peer: dict[str, Any]) -> str:
    """Component of this release, or `outside`."""
    if "namespaceSelector" in peer:
        return "outside"
    labels = peer.get("podSelector", {}).get("matchLabels", {})
    return str(labels.get(COMPONENT, "outside"))


def _inside(parts: dict[str, Pod]) -> Iterator[Edge]:
    """Edges between parts of the release that have to be open, both ways."""
    for name, pod in parts.items():
        yield from ((name, callee, "rpc") for callee in CALLS.get(name, ()) if callee in parts)
        for server, (backend, port) in SERVERS.items():
            if server in parts and backend in USES.get(name, ()):
                yield name, server, port
        if name in SERVERS and "cluster" in pod.ports:
            yield name, name, "cluster"
        if "test" in parts and name in CALLS:
            yield from (("test", name, port) for port in sorted(TESTED & pod.ports.keys()))


def _is_outside_right(edge: Edge, parts: dict[str, Pod]) -> bool:
    """Whether an edge that leaves the release, or comes into it, is one that has to be."""
    source, target, port = edge
    if "outside" not in edge:
        return True
    if source == "outside":
        return target in CALLS and port in OUTSIDE_IN
    return port == str(NAMES_PORT) or port in _ports_out(source, parts[source])


def _ports_out(name: str, pod: Pod) -> set[str]:
    """Ports of the addresses a process is told."""
    told = pod.environment()
    backends = {*USES.get(name, set[str]()), *(["OTLP"] if name in CALLS else [])}
    urls = [told.get(f"ISOCENTER_{backend}_URL", "") for backend in backends]
    ports = {port for url in urls for port in PORT.findall(url)}
    issuer = told.get("ISOCENTER_OIDC_ISSUER", "")  # of those that answer HTTP
    return ports | set(PORT.findall(issuer) or ["443"] if issuer else [])

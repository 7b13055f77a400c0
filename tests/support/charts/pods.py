"""Pods in rendered documents, whatever makes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.charts.tools import Document, name_of

MAKERS = ("StatefulSet", "Job")
COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Pod:
    """What makes it, its labels and what it runs."""

    maker: Document
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        """Of its maker, for a finding."""
        return name_of(self.maker)

    @property
    def component(self) -> str:
        """Which part of the platform it is."""
        return self.labels.get(COMPONENT, "")

    @property
    def containers(self) -> list[dict[str, Any]]:
        """All of them, those that run first too."""
        return [*self.spec.get("containers", []), *self.spec.get("initContainers", [])]

    @property
    def ports(self) -> dict[str, int]:
        """Named ports."""
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports", [])
        }

    def environment(self) -> dict[str, str]:
        """Variables that have a value of their own."""
        return {
            entry["name"]: entry["value"]
            for container in self.containers
            for entry in container.get("env", [])
            if "value" in entry
        }


def pods(documents: Iterable[Document]) -> list[Pod]:
    """All pods that the documents make."""
    return list(_pods(documents))


def _pods(documents: Iterable[Document]) -> Iterator[Pod]:
    for document in documents:
        if document["kind"] == "Pod":
            yield Pod(document, document["metadata"].get("labels", {}), document["spec"])
        elif document["kind"] in MAKERS:
            template = document["spec"]["template"]
            yield Pod(document, template["metadata"].get("labels", {}), template["spec"])


def selected(all_pods: Iterable[Pod], selector: dict[str, str] | None) -> list[Pod]:
    """Those with all labels of a selector; an empty one selects nothing here."""
    if not selector:
        return []
    return [pod for pod in all_pods if selector.items() <= pod.labels.items()]

"""What every pod of the chart has to be, whatever the values say."""

from collections.abc import Iterator
from typing import Any

from tests.support.charts.pods import Pod, pods
from tests.support.charts.tools import Rendering, name_of

SECRET_WORDS = ("token", "password", "secret", "access_key", "private key")
FOLDERS_OF_SECRETS = ("ISOCENTER_SECRETS_FOLDER",)
ONCE = ("Pod", "Job")  # they end by themselves: nobody waits for them to be ready
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
LABELS = tuple(f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "version"))


def findings(rendering: Rendering) -> Iterator[str]:
    """All that is not as it has to be."""
    for pod in pods(rendering.documents):
        yield from (f"{pod.name}: {text}" for text in _pod(pod))
        stays = pod.spec["containers"] if pod.maker["kind"] not in ONCE else []
        for container in pod.containers:
            for text in _container(container, probed=container in stays):
                yield f"{pod.name}, {container['name']}: {text}"
    for document in rendering.documents:
        labels = document["metadata"].get("labels", {})
        yield from (f"{name_of(document)}: no label {one}" for one in LABELS if one not in labels)


def _pod(pod: Pod) -> Iterator[str]:
    security = pod.spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        yield "may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "no seccomp profile"
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "gets a token for the API"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "Kubernetes' own variables would be settings nobody knows"
    if any(pod.spec.get(word) for word in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares the node's namespaces"
    if any("hostPath" in volume for volume in pod.spec.get("volumes", [])):
        yield "mounts the node's files"
    yield from (f"no label {one}" for one in LABELS if one not in pod.labels)
    yield from _grace(pod)


def _grace(pod: Pod) -> Iterator[str]:
    """The pod's last moment comes after the process's own."""
    grace_s = pod.environment().get("ISOCENTER_GRACE_S")
    if grace_s is None or pod.maker["kind"] in ONCE:
        return
    if pod.spec.get("terminationGracePeriodSeconds", 30) < float(grace_s) + 10:
        yield "is killed before its process has ended by itself"


def _container(container: dict[str, Any], *, probed: bool) -> Iterator[str]:
    yield from _locked_up(container.get("securityContext", {}))
    resources = container.get("resources", {})
    asked, had = resources.get("requests", {}), resources.get("limits", {})
    if "memory" not in asked or asked["memory"] != had.get("memory"):
        yield "memory asked for is not the limit"
    if "cpu" not in asked or "ephemeral-storage" not in had:
        yield "no CPU asked for, or no limit of its disk"
    if probed:
        yield from (f"no {probe}" for probe in PROBES if probe not in container)
    image = container["image"].rpartition("/")[2]
    if ":" not in image or image.endswith(":latest"):
        yield "the image is not one version"


def _locked_up(security: dict[str, Any]) -> Iterator[str]:
    if security.get("readOnlyRootFilesystem") is not True:
        yield "its root can be written"
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield "may become more than it is"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        yield "may run as root"


def secrets(rendering: Rendering) -> Iterator[str]:
    """Secrets where everybody reads them: the chart makes none, and no text of it holds one."""
    for document in rendering.of_kind("Secret"):
        yield f"{name_of(document)}: the chart makes Secrets"
    for document in rendering.of_kind("ConfigMap"):
        for key, text in document.get("data", {}).items():
            yield from (f"{name_of(document)}, {key}: {line}" for line in _secret_lines(key, text))
    for pod in pods(rendering.documents):
        for name, value in pod.environment().items():
            refers = value.strip('"').startswith("$(")
            if _is_secret(name) and name not in FOLDERS_OF_SECRETS and not refers:
                yield f"{pod.name}: {name} is readable by everybody"


def _secret_lines(key: str, text: str) -> Iterator[str]:
    """Names of what looks like `password: something` and is no reference to a variable."""
    if key.endswith((".py", ".json")):
        return
    if _is_secret(key):
        yield "its name is that of a secret"
    for line in text.splitlines():
        name, _, value = line.partition("#")[0].replace("=", ":").rpartition(":")
        if _is_secret(name) and value.strip() and not value.strip(' }]"').startswith("$"):
            yield "a line names a secret and gives it"


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET_WORDS)

"""Each mistake somebody could make in the chart is found, by the check that is there for it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.charts.checks import CHECKS
from tests.support.charts.tools import CHART, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason="the chart's checkers are not installed")

MUTATIONS = [
    # what, file, text, text instead of it, the check, a word of what it says
    ("a probe of a port that is not open", "templates/workloads.yaml",
     "grpc: { port: {{ $v.ports.health }} }", "grpc: { port: 9999 }", "references", "readinessProbe"),
    ("a Service to a port that is not open", "templates/services.yaml",
     "targetPort: dicom }", "targetPort: dicom-plain }", "references", "dicom-plain"),
    ("a route to a port the Service has not", "templates/routes.yaml",
     "port: {{ $v.ports.http }} }]", "port: 80 }]", "references", "has no port"),
    ("a policy for a port nobody has", "templates/network.yaml",
     "[{ protocol: TCP, port: rpc }]\n      from", "[{ protocol: TCP, port: grpc }]\n      from",
     "references", "grpc"),
    ("a Service that selects nothing", "templates/services.yaml",
     "  clusterIP: None\n  selector:\n", "  clusterIP: None\n  selector:\n    tier: none\n",
     "references", "selects no pod"),
    ("a budget for nothing", "templates/disruption.yaml",
     'dict "root" $ "part" $name', 'dict "root" $ "part" "nobody"', "references", "selects no pod"),
    ("a mount of a volume that is not there", "templates/workloads.yaml",
     "{ name: run, mountPath: /tmp }", "{ name: tmp, mountPath: /tmp }", "references", "volume tmp"),
    ("a configuration that is not there", "templates/_settings.tpl",
     "}}-ae\n", "}}-titles\n", "references", "-titles is not there"),
    ("an account that is not there", "templates/_pod.tpl",
     'serviceAccountName: {{ .account | default (include "isocenter.name" .root) }}',
     "serviceAccountName: somebody",
     "references", "somebody"),
    ("scaling of what is not there", "templates/disruption.yaml",
     "kind: StatefulSet, name: {{ $full }}", "kind: Deployment, name: {{ $full }}",
     "references", "Deployment"),
    ("a scrape of a port without a name", "templates/monitoring.yaml",
     "- port: metrics", "- port: prometheus", "references", "prometheus"),
    ("a missing label", "templates/_names.tpl",
     "app.kubernetes.io/version: ", "version: ", "hardening", "no label app.kubernetes.io/version"),
    ("an unknown field", "templates/workloads.yaml",
     "podManagementPolicy: Parallel", "podManagement: Parallel", "kubeconform", "podManagement"),
    ("a word that is none of the field's", "templates/workloads.yaml",
     "podManagementPolicy: Parallel", "podManagementPolicy: AtOnce", "kubeconform", "must be one of"),
    ("a value of the wrong type", "templates/services.yaml",
     "externalTrafficPolicy: Local", "externalTrafficPolicy: [Local]", "kubeconform", "got array"),
    ("an unknown field of a custom resource", "templates/routes.yaml",
     "backendRefs:", "backends:", "kubeconform", "backends"),
    ("a key that stands twice", "templates/workloads.yaml",
     "  podManagementPolicy: Parallel", "  serviceName: other\n  podManagementPolicy: Parallel",
     "render", "already set"),
    ("an unknown key in the values", "profiles/site.yaml",
     "site: north", "site: north\nreplicaCount: 3", "render", "'replicaCount' not allowed"),
    ("a profile that exposes without users", "profiles/hub.yaml",
     "access: { existingSecret: isocenter-users }", "", "render", "exposed without authentication"),
    ("root", "templates/_pod.tpl", "runAsNonRoot: true\n  runAsUser", "runAsNonRoot: false\n  runAsUser",
     "hardening", "may run as root"),
    ("root in a container", "templates/_pod.tpl", "runAsUser: {{ .Values.pod.user }}", "runAsUser: 0",
     "hardening", "may run as root"),
    ("a root that can be written, for others to see", "templates/_pod.tpl", "readOnlyRootFilesystem: true",
     "readOnlyRootFilesystem: false", "kube-score", "writable root"),
    ("a root that can be written", "templates/_pod.tpl", "readOnlyRootFilesystem: true",
     "readOnlyRootFilesystem: false", "hardening", "its root can be written"),
    ("capabilities", "templates/_pod.tpl", "capabilities: { drop: [ALL] }",
     "capabilities: { drop: [ALL], add: [NET_ADMIN] }", "hardening", "keeps capabilities"),
    ("a token for the API", "templates/_pod.tpl", "automountServiceAccountToken: false",
     "automountServiceAccountToken: true", "hardening", "token for the API"),
    ("Kubernetes' own variables", "templates/_pod.tpl", "enableServiceLinks: false",
     "enableServiceLinks: true", "hardening", "settings nobody knows"),
    ("a missing probe", "templates/workloads.yaml",
     "          livenessProbe:\n            grpc: { port: {{ $v.ports.health }}, service: live }\n"
     "            periodSeconds: 10\n            timeoutSeconds: 5\n            failureThreshold: 6\n",
     "", "hardening", "no livenessProbe"),
    ("no probe of readiness", "templates/workloads.yaml",
     "          readinessProbe:\n            grpc: { port: {{ $v.ports.health }} }\n"
     "            periodSeconds: 5\n            timeoutSeconds: 3\n", "", "hardening", "no readinessProbe"),
    ("memory that is not there when it is needed", "templates/_pod.tpl",
     "limits: { memory: {{ .memory }}", "limits: { memory: 64Gi", "hardening", "memory asked for"),
    ("a pod that is killed too early", "templates/workloads.yaml",
     "{{ add $v.graceSeconds 5 10 }}", "30", "hardening", "killed before"),
    ("a secret in a ConfigMap", "templates/_servers.tpl",
     "password: $BUS_PASSWORD_QUOTED", 'password: "hush"', "secrets", "names a secret and gives it"),
    ("a secret in a variable", "templates/_settings.tpl",
     '"BUS_USER"', '"BUS_TOKEN" "hush" "BUS_USER"', "secrets", "ISOCENTER_BUS_TOKEN is readable"),
    ("a Secret of the chart's own", "templates/accounts.yaml", "kind: ConfigMap", "kind: Secret",
     "secrets", "the chart makes Secrets"),
    ("a setting that nobody reads", "templates/_settings.tpl",
     '"LOG_LEVEL"', '"LOG_VOLUME" "1" "LOG_LEVEL"', "settings", "ISOCENTER_LOG_VOLUME"),
    ("a service that is none", "values.yaml", "command: indexer", "command: searcher",
     "settings", "no service searcher"),
    ("an edge of gRPC that is not in the graph", "values.yaml",
     "serves: [rpc]\n    calls: []", "serves: [rpc]\n    calls: [streaming]",
     "edges", "open in: indexer to streaming, port rpc"),
    ("a back-end that is none of a service's", "values.yaml",
     "uses: [objects, index]\n", "uses: [objects, index, bus]\n", "edges", "streaming"),
    ("an edge that the template forgets", "templates/network.yaml",
     "    {{- range $service.calls }}", "    {{- range list }}",
     "edges", "closed out: streaming to indexer, port rpc"),
    ("a destination that cannot be reached", "templates/network.yaml",
     "    {{- if .port }}", "    {{- if .gate }}", "edges", "closed out: ingest to outside, port 104"),
    ("a door for everybody", "templates/network.yaml",
     "    {{- if $callers }}\n    - ports: [{ protocol: TCP, port: rpc }]\n      from:\n",
     "    {{- if $callers }}\n    - ports: [{ protocol: TCP, port: rpc }]\n      from:\n"
     "        - namespaceSelector: {}\n", "edges", "open: outside to indexer, port rpc"),
    ("a way out to anywhere", "templates/network.yaml",
     '    {{- include "isocenter.names-egress" $ | nindent 4 }}\n    {{- range $service.uses }}',
     '    - {}\n    {{- include "isocenter.names-egress" $ | nindent 4 }}\n'
     "    {{- range $service.uses }}", "edges", "to outside, port any"),
    ("no denial by default", "templates/network.yaml",
     "  policyTypes: [Ingress, Egress]\n{{- range $name", "  policyTypes: [Ingress]\n{{- range $name",
     "edges", "not denied by default"),
    ("a test that is not rendered", ".helmignore", "/tests/", "tests/", "hooks", "no pod for `helm test`"),
    ("a panel of a metric that is not there", "dashboards/receiving.json",
     "isocenter_associations", "isocenter_assocations", "dashboards", "isocenter_assocations"),
    ("an alert on a metric that is not there", "alerts/isocenter.yaml",
     "isocenter_journal_lag_commits", "isocenter_journal_lag", "alerts", "isocenter_journal_lag"),
    ("an alert that fires too late", "alerts/isocenter.yaml",
     "isocenter_consumer_lag_events) > 10000", "isocenter_consumer_lag_events) > 100000",
     "promtool", "IsocenterConsumerLag"),
    ("an alert that does not say what to do", "alerts/isocenter.yaml",
     "          action: The gateway's log has the addresses.\n", "",
     "alerts", "IsocenterSignInsFail: does not say what to do"),
    ("a refusal that is gone", "templates/_refuse.tpl",
     '"DICOM is exposed without authentication: set access.aeList"', '"think about it"',
     "unittest", "refuses DICOM without an AE list"),
    ("callers that are seen by a node's address", "templates/services.yaml",
     "externalTrafficPolicy: Local", "externalTrafficPolicy: Cluster", "unittest", "own address"),
]  # fmt: skip


def named(what: tuple[str, ...]) -> str:
    return what[0]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHART, tmp_path / "isocenter"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=named)
def test_a_mistake_is_found_by_the_check_that_is_there_for_it(
    mutation: tuple[str, str, str, str, str, str], chart: Path
) -> None:
    _, file, before, after, check, word = mutation
    change(chart / file, lambda text: text.replace(before, after))
    found = "\n".join(CHECKS[check](chart))
    assert word in found


def change(path: Path, how: Callable[[str], str]) -> None:
    text = path.read_text()
    changed = how(text)
    assert changed != text, f"{path.name} has no such text any more"
    path.write_text(changed)


@pytest.mark.parametrize("check", CHECKS)
def test_the_chart_as_it_is_passes(check: str) -> None:
    assert list(CHECKS[check](CHART)) == []


def test_every_check_is_the_one_that_finds_something() -> None:
    """But helm's own, which finds what others find too."""
    assert {mutation[4] for mutation in MUTATIONS} == CHECKS.keys() - {"lint"}

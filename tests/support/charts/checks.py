"""All checks of the chart, by name. Each takes a chart's folder and gives what it found, nothing when all is well."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.charts import edges, hardening, promises
from tests.support.charts.references import References
from tests.support.charts.tools import KUBERNETES, SCHEMAS, Rendering, matrix, render, run

# kube-score says no to these on purpose: images are pinned, so they need not be pulled each time; CPU may be borrowed;
# spreading is done by topologySpreadConstraints; a NodePort is what somebody asked for
LEFT_TO_US = (
    "container-image-pull-policy",
    "statefulset-has-host-podantiaffinity",
    "service-type",
)
Check = Callable[[Path], Iterator[str]]


@functools.lru_cache(maxsize=64)
def _rendered(chart: Path, values: Path, _changed_ns: int) -> Rendering:
    return render(chart, values)


def renderings(chart: Path) -> list[Rendering]:
    """The matrix, rendered once for all checks as long as the chart does not change."""
    changed_ns = max(path.stat().st_mtime_ns for path in chart.rglob("*"))
    return [_rendered(chart, values, changed_ns) for values in matrix(chart)]


def rendered(chart: Path) -> Iterator[str]:
    """Every file of values renders, without an unknown key, to YAML without a doubled one."""
    yield from (f"{one.values}: {one.error}" for one in renderings(chart) if one.error)


def lint(chart: Path) -> Iterator[str]:
    """Helm's own."""
    for values in matrix(chart):
        done = run("helm", "lint", "--strict", "--quiet", chart, "--values", values)
        if done.returncode:
            yield f"{values.stem}: {done.stdout}{done.stderr}"


def kubeconform(chart: Path) -> Iterator[str]:
    """Fields and types, by Kubernetes' own schemas; all kinds at once, for it starts slowly."""
    where = f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    text = "\n---\n".join(one.text for one in renderings(chart))
    done = run("kubeconform", "-strict", "-schema-location", where, given=text)
    if done.returncode:
        yield done.stdout + done.stderr


def kube_score(chart: Path) -> Iterator[str]:
    """What others have been bitten by."""
    ignored = [word for name in LEFT_TO_US for word in ("--ignore-test", name)]
    version = "v" + KUBERNETES.rpartition(".")[0]
    for one in renderings(chart):
        done = run(
            "kube-score", "score", "--kubernetes-version", version, "--output-format", "ci",
            "--ignore-container-cpu-limit", *ignored, "-", given=one.text,
        )  # fmt: skip
        bad = [line for line in done.stdout.splitlines() if line.startswith(("[CRIT", "[WARN"))]
        policies = one.of_kind("NetworkPolicy")
        yield from (
            f"{one.values}: {line}" for line in bad if policies or "NetworkPolicy" not in line
        )


def helm_unittest(chart: Path) -> Iterator[str]:
    """The chart's own tests."""
    done = run("helm-unittest", "--strict", chart)
    if done.returncode:
        yield done.stdout + done.stderr


def promtool(chart: Path) -> Iterator[str]:
    """Alerts are rules, fire with their faults and are quiet without."""
    if shutil.which("promtool") is None:
        if "CI" in os.environ:
            yield "promtool is not installed"
        return
    folder = chart / "alerts"
    for words in (("check", "rules", "isocenter.yaml"), ("test", "rules", "isocenter_test.yaml")):
        done = run("promtool", *words[:2], folder / words[2])
        if done.returncode:
            yield done.stdout + done.stderr


def _of_each(about: Callable[[Rendering], Iterator[str]]) -> Check:
    def check(chart: Path) -> Iterator[str]:
        for one in renderings(chart):
            yield from (f"{one.values}: {text}" for text in about(one))

    return check


CHECKS: dict[str, Check] = {
    "render": rendered,
    "lint": lint,
    "kubeconform": kubeconform,
    "kube-score": kube_score,
    "references": _of_each(lambda rendering: References(rendering).findings()),
    "hardening": _of_each(hardening.findings),
    "secrets": _of_each(hardening.secrets),
    "edges": _of_each(edges.findings),
    "settings": _of_each(promises.settings),
    "hooks": _of_each(promises.hooks),
    "dashboards": promises.dashboards,
    "alerts": promises.alerts,
    "promtool": promtool,
    "unittest": helm_unittest,
}

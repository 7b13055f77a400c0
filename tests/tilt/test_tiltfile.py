"""The Tiltfile names what there is: the chart's services, its images, folders of this repository."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.charts.tools import CHART, ROOT, Rendering, missing
from tests.support.tiltfile import Evaluation, evaluate

TILT = ROOT / "tilt"
pytestmark = pytest.mark.skipif(bool(missing()), reason="the chart's tools are not installed")


@pytest.fixture(scope="module")
def tilt() -> Evaluation:
    return evaluate(TILT / "Tiltfile")


def workloads(tilt: Evaluation) -> dict[str, dict[str, Any]]:
    rendering = Rendering("tilt", "", documents=tilt.objects)
    return {one["metadata"]["name"]: one for one in rendering.of_kind("StatefulSet", "Job")}


def containers(workload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workload["spec"]["template"]["spec"]["containers"]
    return found


def leads_to(tilt: Evaluation, name: str) -> set[str]:
    """All that has to be there before it."""
    direct = set(tilt.resources[name].get("resource_deps", []))
    return direct.union(*(leads_to(tilt, one) for one in direct))


def test_every_workload_of_the_chart_is_a_resource_and_no_other(tilt: Evaluation) -> None:
    named = {call.words[0] for call in tilt.of("k8s_resource")}
    assert named == set(workloads(tilt))
    assert {"isocenter-ingest", "isocenter-indexer", "isocenter-streaming"} <= named


def test_back_ends_and_what_prepares_them_come_before_every_service(tilt: Evaluation) -> None:
    first = {"isocenter-minio", "isocenter-nats", "isocenter-opensearch"}
    assert leads_to(tilt, "isocenter-prepare") == first | {"secrets"}
    for name, told in tilt.resources.items():
        if told["labels"] == ["services"]:
            assert first | {"secrets", "isocenter-prepare"} <= leads_to(tilt, name), name


def test_images_that_are_built_are_used_and_their_contexts_are_there(tilt: Evaluation) -> None:
    used = {
        one["image"].partition(":")[0] for w in workloads(tilt).values() for one in containers(w)
    }
    built = {call.words[0] for call in tilt.of("docker_build")}
    assert built <= used
    for call in tilt.of("docker_build"):
        assert (TILT / call.options["dockerfile"]).is_file()
        for path in call.options["only"]:
            assert (TILT / call.words[1] / path).exists(), path


def test_what_is_changed_here_lands_where_the_pods_can_write_and_their_process_looks(
    tilt: Evaluation,
) -> None:
    [sync] = tilt.of("sync")
    source, target = sync.words
    assert (TILT / source / "__init__.py").is_file()
    live = str(Path(target).parent)
    services = [name for name, told in tilt.resources.items() if told["labels"] == ["services"]]
    for name in services:
        [one] = containers(workloads(tilt)[name])
        code = (TILT / "reload.py").read_text()
        assert one["command"][:4] == ["python", "-c", code, live]
        assert one["command"][4:6] == ["isocenter", "serve"]
        writable = [m["mountPath"] for m in one["volumeMounts"] if not m.get("readOnly")]
        assert any(live.startswith(f"{folder}/") for folder in writable)
    [touched] = tilt.of("run")
    assert touched.words[0] == f"touch {live}/changed"


def test_no_local_port_is_used_twice_and_each_leads_to_a_port_that_is_open(
    tilt: Evaluation,
) -> None:
    local = [forward.words[0] for forward in tilt.of("port_forward")]
    assert len(local) == len(set(local)) >= 3
    for name, told in tilt.resources.items():
        for forward in told.get("port_forwards", []):
            [one] = containers(workloads(tilt)[name])
            open_ports = [port["containerPort"] for port in one["ports"]]
            assert forward["words"][-1] in open_ports


def test_sample_studies_wait_for_a_button_and_are_sent_to_what_takes_them(
    tilt: Evaluation,
) -> None:
    told = tilt.resources["sample-studies"]
    assert told["trigger_mode"] == "manual"
    assert told["auto_init"] is False
    assert (TILT / told["cmd"].split()[1]).is_file()
    [forward] = [
        f for f in tilt.resources["isocenter-ingest"]["port_forwards"] if f["name"] == "HTTP"
    ]
    assert told["cmd"].endswith(f":{forward['words'][0]}")


def test_a_service_that_joins_the_chart_needs_nothing_in_the_tiltfile(tmp_path: Path) -> None:
    for part in (CHART, TILT):
        target = tmp_path / part.relative_to(ROOT)
        for path in part.rglob("*"):
            if path.is_file():
                copy = target / path.relative_to(part)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    values = tmp_path / "charts/isocenter/values.yaml"
    start = values.read_text().index("  streaming:\n    enabled")
    end = values.read_text().index("\n  # ", start) + 1  # where the next service is introduced
    entry = values.read_text()[start:end].replace("streaming", "exchange")
    values.write_text(
        values.read_text().replace("  # One HTTP server", entry + "  # One HTTP server", 1)
    )
    made = evaluate(tmp_path / "tilt/Tiltfile")
    assert "isocenter-exchange" in made.resources
    assert "isocenter-exchange" in workloads(made)
    local = [forward.words[0] for forward in made.of("port_forward")]
    assert len(local) == len(set(local))

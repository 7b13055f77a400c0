"""What a pod is told is what its process reads: the real settings take it, whole, and it means what the values say."""

import json
from pathlib import Path

import pytest
from tests.support.charts.pods import Pod, pods
from tests.support.charts.promises import settings_class
from tests.support.charts.tools import CHART, matrix, missing, render

from isocenter.embedded.http_worker import HttpSettings
from isocenter.ingest.ae_list import parse_ae_list
from isocenter.ingest.settings import IngestSettings
from isocenter.runtime.access_policy import parse_policy
from isocenter.runtime.caller import Action
from isocenter.runtime.settings import read_settings

pytestmark = pytest.mark.skipif(bool(missing()), reason="the chart's checkers are not installed")


def told(pod: Pod, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Give this process the pod's environment, and its secrets as the kubelet would."""
    for name, value in pod.environment().items():
        monkeypatch.setenv(name, value.replace("$(POD_INDEX)", "0"))
    monkeypatch.setenv("ISOCENTER_SECRETS_FOLDER", str(folder))
    for volume in pod.spec["volumes"]:
        if volume["name"] == "secrets":
            for source in volume["projected"]["sources"]:
                for item in source["secret"]["items"]:
                    (folder / item["path"]).write_text(f"{source['secret']['name']}/{item['key']}")


def processes(values: Path) -> list[Pod]:
    made = pods(render(CHART, values).documents)
    return [
        pod for pod in made if "ISOCENTER_NODE" in pod.environment() and pod.component != "prepare"
    ]


@pytest.mark.parametrize("values", matrix(CHART), ids=lambda path: path.stem)
def test_a_process_starts_with_what_its_pod_is_told(
    values: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for pod in processes(values):
        with monkeypatch.context() as patch:
            folder = tmp_path / pod.component
            folder.mkdir()
            told(pod, patch, folder)
            settings = read_settings(settings_class(pod.containers[0]["command"][2]))
        assert settings.node == f"{pod.component}-0"
        assert settings.journal_url == settings.objects_url
        assert not settings.trust_loopback  # a forwarded port comes from loopback
        assert settings.http_port == 8080
        assert settings.metrics_port == 9464
        assert settings.rpc_token.get_secret_value().endswith("/token")
        assert settings.objects_secret_key.get_secret_value().endswith("/secret-key")


def test_a_site_is_what_its_values_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pod = next(
        pod for pod in processes(CHART / "profiles" / "site.yaml") if pod.component == "ingest"
    )
    told(pod, monkeypatch, tmp_path)
    settings = read_settings(IngestSettings)
    assert (settings.site, settings.ae_title, settings.dicom_tls_port) == ("north", "NORTH", 2762)
    assert (settings.bus_user, settings.bus_replicas) == ("north", 3)
    assert settings.bus_token.get_secret_value() == "isocenter-bus/token"
    assert settings.index_access["user"] == "isocenter-index/user"
    assert settings.public_url == "https://images.north.example"
    assert not settings.accept_unknown


def test_a_service_has_secrets_of_its_own_where_it_is_given_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pod = next(pod for pod in processes(CHART / "ci" / "ingress.yaml") if pod.component == "ingest")
    told(pod, monkeypatch, tmp_path)
    assert read_settings(IngestSettings).objects_access["access_key"] == "ingest-objects/access-key"


def test_the_receiver_reads_the_list_that_is_written() -> None:
    for values in matrix(CHART):
        document = next(
            one
            for one in render(CHART, values).of_kind("ConfigMap")
            if one["metadata"]["name"].endswith("-ae")
        )
        entries = parse_ae_list(document["data"]["ae.toml"].encode())
        known = {entry.title: entry for entry in entries}
        if values.stem == "site":
            assert known["CT01"].may_send
            assert not known["CT01"].may_ask
            assert known["WORKSTATIONS"].is_from("10.20.8.200", "")
        if values.stem == "ingress":
            assert known['A "B"'].tls_subject == "commonName=a.example"
        if values.stem != "least":
            test = known["HELM_TEST"]
            assert (test.may_send, test.may_ask) == (False, False)


def test_the_provider_and_its_grants_are_what_a_process_that_answers_HTTP_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = CHART / "ci" / "ingress.yaml"
    made = {pod.component: pod for pod in processes(values)}
    assert "ISOCENTER_OIDC_ISSUER" not in made["indexer"].environment()
    told(made["web"], monkeypatch, tmp_path)
    settings = read_settings(HttpSettings)
    assert settings.oidc_client_secret.get_secret_value() == "p/client-secret"
    assert settings.oidc_public_url == "https://south.example"
    document = next(
        one
        for one in render(CHART, values).of_kind("ConfigMap")
        if one["metadata"]["name"].endswith("-access")
    )
    policy = parse_policy(document["data"]["access.toml"].encode())
    claims = {"realm_access": {"roles": ["radiology"]}}
    assert Action.RETRIEVE in policy.may(claims, settings.site)
    assert not policy.may(claims, "elsewhere")


def test_a_dashboards_json_is_whole_in_its_configuration() -> None:
    made = render(CHART, CHART / "profiles" / "site.yaml").of_kind("ConfigMap")
    boards = [one for one in made if "grafana_dashboard" in one["metadata"]["labels"]]
    assert len(boards) == len(list(CHART.glob("dashboards/*.json")))
    for board in boards:
        assert all(json.loads(text)["panels"] for text in board["data"].values())

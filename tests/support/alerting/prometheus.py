"""A real Prometheus on loopback: started on a configuration, asked for its alerts and by queries."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.nats_server import die_with_parent
from tests.support.poll import poll
from tests.support.ports import free_port

PROGRAM = "prometheus"


class Prometheus:
    """One that runs."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False
        )

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            return self._client.get("/-/ready").is_success
        except httpx.HTTPError:
            return False

    def alerts(self, *states: str) -> list[dict[str, Any]]:
        """Alerts in these states: pending, firing."""
        found: list[dict[str, Any]] = self._asked("/api/v1/alerts")["alerts"]
        return [alert for alert in found if alert["state"] in states]

    def values(self, query: str) -> list[float]:
        """What a query gives at this moment."""
        found = self._asked("/api/v1/query", query=query)["result"]
        return [float(one["value"][1]) for one in found]

    def errors(self) -> list[str]:
        """Rules that could not be evaluated."""
        groups = self._asked("/api/v1/rules")["groups"]
        return [rule["lastError"] for one in groups for rule in one["rules"] if "lastError" in rule]

    def _asked(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(path, params=parameters)
        answer.raise_for_status()
        return answer.json()["data"]


@contextmanager
def running_prometheus(
    folder: Path, scrape: dict[str, Any], groups: list[dict[str, Any]]
) -> Iterator[Prometheus]:
    """One for as long as the block lasts; its files are JSON, which is YAML."""
    if shutil.which(PROGRAM) is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)("prometheus is not installed")
    folder.mkdir()
    (folder / "rules.yaml").write_text(json.dumps({"groups": groups}))
    configuration = {
        "global": {"evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [scrape],
    }
    (folder / "prometheus.yaml").write_text(json.dumps(configuration))
    port = free_port()
    command = [PROGRAM, f"--config.file={folder / 'prometheus.yaml'}"]
    command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "prometheus.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (one call to the kernel)
        )
    try:
        asked = Prometheus(port)
        poll(asked.is_ready, 60)
        yield asked
    except BaseException:
        print((folder / "prometheus.log").read_text()[-3_000:])  # noqa: T201
        raise
    finally:
        process.terminate()
        process.wait(30)

"""Processes named and told as those of the chart's pods, each with a port for its metrics that keeps its number."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
from tests.support.charts.tools import RELEASE
from tests.support.nats_server import die_with_parent
from tests.support.poll import poll
from tests.support.ports import free_port

from isocenter.runtime.run_folder import prepare

COMMANDS = {"indexer": "indexer", "ingest": "ingest", "web": "http"}
NAMESPACE = "n"
TOKEN = "0123456789abcdef"
START_S = 60.0
SERVING = 'isocenter_serving{node="%s"} 1\n'


class Pods:
    """One of each part, without a supervisor: what is killed stays dead until it is run again."""

    def __init__(self, data: Path, told: Mapping[str, str]) -> None:
        self.data = data
        self.http_port, self.dicom_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.ports = {part: free_port() for part in COMMANDS}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._told = {
            "ISOCENTER_DATA_FOLDER": str(data),
            "ISOCENTER_HTTP_PORT": str(self.http_port),
            "ISOCENTER_RPC_TOKEN": TOKEN,
            "ISOCENTER_METRICS_TOKEN": TOKEN,
            "ISOCENTER_INGEST_DICOM_PORT": str(self.dicom_port),
            "ISOCENTER_INGEST_INDEXER_NODES": "indexer-0",
            "ISOCENTER_INGEST_STREAMING_NODES": "web-0",
            "ISOCENTER_STREAMING_INDEXER_NODES": "indexer-0",
            "ISOCENTER_INDEXER_SETTLE_S": "2",
            **told,
        }
        prepare(data / "run")

    def targets(self) -> list[dict[str, object]]:
        """Addresses of their metrics, with the labels that Kubernetes' discovery and the operator give."""
        return [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {
                    "__meta_kubernetes_pod_label_app_kubernetes_io_component": part,
                    "namespace": NAMESPACE,
                    "service": f"{RELEASE}-isocenter-{part}",
                    "pod": f"{RELEASE}-isocenter-{part}-0",
                    "container": part,
                    "endpoint": "metrics",
                },
            }
            for part, port in self.ports.items()
        ]

    def run(self, part: str, **settings: str) -> None:
        """Start one, with settings of its own (`journal_url`), and wait until it is ready."""
        told = {"ISOCENTER_NODE": f"{part}-0", "ISOCENTER_METRICS_PORT": str(self.ports[part])}
        own = {f"ISOCENTER_{name.upper()}": value for name, value in settings.items()}
        with (self.data / f"{part}.log").open("ab") as log:
            self._processes[part] = subprocess.Popen(
                [sys.executable, "-m", "isocenter", "serve", COMMANDS[part]],
                env={**os.environ, **self._told, **told, **own},
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (one call to the kernel)
            )
        poll(lambda: self._is_serving(part), START_S)

    def pid(self, part: str) -> int:
        return self._processes[part].pid

    def signal(self, part: str, number: signal.Signals) -> None:
        self._processes[part].send_signal(number)

    def kill(self, part: str) -> None:
        """Kill -9, and bury it."""
        process = self._processes.pop(part)
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for part in list(self._processes):
            self.kill(part)

    def logs(self) -> str:
        """The end of every process's log."""
        paths = [self.data / f"{part}.log" for part in COMMANDS]
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-3_000:]}" for path in paths if path.exists()
        )

    def _is_serving(self, part: str) -> bool:
        assert self._processes[part].poll() is None, self.logs()
        url = f"http://127.0.0.1:{self.ports[part]}/metrics"
        try:
            return SERVING % f"{part}-0" in httpx.get(url, timeout=5, trust_env=False).text
        except httpx.HTTPError:
            return False

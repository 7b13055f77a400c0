"""Two indexer processes on one journal and one index, to be killed and to be halted."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.nats_server import die_with_parent

from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.errors import Unavailable
from isocenter.runtime.rpc_channels import channel
from isocenter.runtime.rpc_errors import translated
from isocenter.runtime.run_folder import prepare

TOKEN = "0123456789abcdef"
NODES = ("indexer-1", "indexer-2")


async def is_indexing(run_folder: Path, node: str, token: str, within_s: float = 5.0) -> bool:
    """Whether it does what it is asked; a process that is halted or dead does not."""
    async with channel(run_folder, node, token) as opened:
        try:
            with translated():
                await IndexServiceStub(opened).CatchUp(pb.CatchUpRequest(), timeout=within_s)
        except Unavailable:
            return False
    return True


class TwoIndexers:
    """Named `indexer-1` and `indexer-2`."""

    def __init__(self, data: Path, told: Mapping[str, str]) -> None:
        self.run_folder = data / "run"
        prepare(self.run_folder)
        self._logs = data / "logs"
        self._logs.mkdir()
        self._told = {
            "ISOCENTER_DATA_FOLDER": str(data),
            "ISOCENTER_RUN_FOLDER": str(self.run_folder),
            "ISOCENTER_RPC_TOKEN": TOKEN,
            "ISOCENTER_INDEXER_SWEEP_S": "0.2",
            "ISOCENTER_INDEXER_SETTLE_S": "86400",
            **told,
        }
        self._processes = {node: self._started(node) for node in NODES}

    async def holder(self) -> str | None:
        """The one that indexes, when exactly one does: one that just lost the index may not know it yet."""
        found = [node for node in NODES if await self.is_indexing(node)]
        return found[0] if len(found) == 1 else None

    async def is_indexing(self, node: str) -> bool:
        return await is_indexing(self.run_folder, node, TOKEN)

    def signal(self, node: str, number: signal.Signals) -> None:
        self._processes[node].send_signal(number)
        if number is signal.SIGKILL:
            self._processes[node].wait()

    def log(self, node: str) -> str:
        return (self._logs / f"{node}.log").read_text()

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _started(self, node: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{node}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "isocenter", "serve", "indexer"],
                env={**os.environ, **self._told, "ISOCENTER_NODE": node},
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (one call of the kernel's)
            )


@contextmanager
def two_indexers(data: Path, told: Mapping[str, str]) -> Iterator[TwoIndexers]:
    """On failure their logs are printed."""
    indexers = TwoIndexers(data, told)
    try:
        yield indexers
    except BaseException:
        for node in NODES:
            print(f"--- {node}\n{indexers.log(node)[-6000:]}")  # noqa: T201
        raise
    finally:
        indexers.stop()

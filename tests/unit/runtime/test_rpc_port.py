"""gRPC over a port: certificates on both sides, the token besides; probes on a port of their own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.support.rpc_certificates import make_certificates

from isocenter.errors import Conflict, InvalidRequest, Unavailable
from isocenter.runtime.health import Health
from isocenter.runtime.probe_server import ProbeServer
from isocenter.runtime.rpc import make_server, open_port, socket_path
from isocenter.runtime.rpc_channels import channels
from isocenter.runtime.rpc_errors import translated
from isocenter.runtime.settings import ServiceSettings

TOKEN = "shared between processes"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def settings(folder: Path, config: Path, **given: Any) -> ServiceSettings:
    return ServiceSettings(
        node="indexer", run_folder=folder / "run", config_folder=config, rpc_token=TOKEN, **given
    )


@pytest_asyncio.fixture
async def port(tmp_path: Path, config: Path) -> AsyncIterator[int]:
    """Of a process that answers about its health."""
    server = make_server(socket_path(tmp_path, "indexer"), TOKEN)
    number = open_port(server, settings(tmp_path, config, rpc_port=0))
    health = Health("indexer")
    health.add_to(server)
    await server.start()
    await health.become("serving")
    yield number
    await server.stop(0)


async def ask(told: ServiceSettings) -> int:
    (channel,) = channels(told, "indexer", [])
    async with channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        with translated():
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
        return int(answer.status)


def target(port: int) -> dict[str, str]:
    return {"indexer": f"dns:///127.0.0.1:{port}"}


async def test_a_process_with_a_certificate_is_answered(
    port: int, tmp_path: Path, config: Path
) -> None:
    assert await ask(settings(tmp_path, config, rpc_targets=target(port))) == 1


async def test_another_authority_is_neither_answered_nor_asked(port: int, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    with pytest.raises(Unavailable):
        await ask(settings(tmp_path, tmp_path, rpc_targets=target(port)))


async def test_a_caller_without_a_certificate_is_not_answered(port: int, config: Path) -> None:
    plain = grpc.ssl_channel_credentials((config / "rpc-ca.crt").read_bytes())
    options = [("grpc.ssl_target_name_override", "isocenter")]
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", plain, options=options) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(Unavailable), translated():
            await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    make_certificates(tmp_path, name="somebody")
    server = make_server(socket_path(tmp_path, "indexer"), TOKEN)
    port = open_port(server, settings(tmp_path, tmp_path, rpc_port=0))
    await server.start()
    with pytest.raises(Unavailable):
        await ask(settings(tmp_path, tmp_path, rpc_targets=target(port)))
    await server.stop(0)


async def test_without_certificates_no_port_is_opened(tmp_path: Path) -> None:
    server = make_server(socket_path(tmp_path, "indexer"), TOKEN)
    with pytest.raises(InvalidRequest, match=r"rpc-ca\.crt"):
        open_port(server, settings(tmp_path, tmp_path, rpc_port=0))
    await server.stop(0)


async def test_a_taken_port_is_said(port: int, tmp_path: Path, config: Path) -> None:
    folder = tmp_path / "another"
    folder.mkdir()
    server = make_server(socket_path(folder, "indexer"), TOKEN)
    with pytest.raises(Conflict, match="RPC port"):
        open_port(server, settings(tmp_path, config, rpc_port=port))
    await server.stop(0)


async def test_probes_are_told_whether_it_is_ready_and_nothing_else(
    tmp_path: Path, config: Path
) -> None:
    probes = ProbeServer(settings(tmp_path, config, health_port=0))
    health = Health("indexer")
    health.add_to(probes.server)
    await probes.start()
    await health.become("serving")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{probes.port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        assert (await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)).status == 1
        await health.become("draining")
        assert (await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)).status == 2
        live = health_pb2.HealthCheckRequest(service="live")
        assert (await stub.Check(live, timeout=5)).status == 1
    await probes.stop()
